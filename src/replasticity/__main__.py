"""``python -m replasticity``."""

import sys

from replasticity.cli import main

if __name__ == "__main__":
    sys.exit(main())

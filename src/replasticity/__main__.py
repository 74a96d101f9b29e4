"""``python -m replasticity``."""

import gc
import os
import sys

# A simulate job lives for less than a second. Looking for garbage while a thousand modules load, and once more
# among them at exit, takes a third of that.
gc.set_threshold(100_000)

# Seeds are simulated in parallel, not the few products of small matrices. Without this each process starts a thread per
# core, which takes the other jobs' time.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# No plugin of pydantic is used. Looking for some among all installed packages takes 10 ms.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

from replasticity.cli import main  # noqa: E402

if __name__ == "__main__":
    status = main()
    gc.freeze()
    sys.exit(status)

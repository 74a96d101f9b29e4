"""Kill the workflow at random moments, many times: python -m tests.faults.kill_many --kills 200 [--seed 1].

One third each of jobs, of Snakemake and of both. The results of every call that comes to its end are compared with
those of an undisturbed call. Prints how many there were; exit status 1 with the differing files if bytes differ.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.faults.kills import TARGETS, Campaign


def main() -> int:
    """Run the campaign."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1, help="of the random moments")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        campaign = Campaign(Path(folder) / "project", options.seed)
        for number, target in enumerate(TARGETS):
            before = campaign.kills
            try:
                campaign.run(target, (options.kills * (number + 1)) // len(TARGETS) - before)
            except AssertionError as error:
                print(f"DIFFERS {error}", file=sys.stderr)
                return 1
            print(f"{target}: {campaign.kills - before} kills", flush=True)
        print(f"{campaign.kills} kills, {campaign.completions} completed calls, all results byte-identical")
    return 0


if __name__ == "__main__":
    sys.exit(main())

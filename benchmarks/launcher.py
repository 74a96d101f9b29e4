"""Run a command and write what it has cost to a file: launcher.py FILE COMMAND...

A new process counts the memory of the one that started it as its own peak. This one is small, so that the peak of a
command is its own.
"""

import json
import os
import resource
import sys
import time


def main() -> None:
    """Run the command, and exit as it did."""
    file, *command = sys.argv[1:]
    begin = time.perf_counter()
    _, status = os.waitpid(os.posix_spawnp(command[0], command, os.environ), 0)
    wall_s = time.perf_counter() - begin
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    kilobyte = 1 if sys.platform == "darwin" else 1024
    cost = {
        "wall_s": wall_s,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "peak_MB": usage.ru_maxrss * kilobyte / 1e6,
    }
    with open(file, "w") as written:
        json.dump(cost, written)
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()

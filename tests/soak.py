"""`python -m tests.soak`, or `make soak-tests`: every test that could be flaky, again and again.

COUNT rounds of all tests that need a broker or are chaos, and of the property layer; ARGS go to pytest. The
first red round ends it, and the last line says how many were green.
"""

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

COMMAND = (sys.executable, "-m", "pytest", "-q", "-x", "-m", "broker or chaos or property")

Run = Callable[[Sequence[str]], int]


def soak(count: int, arguments: Sequence[str], run: Run = subprocess.call) -> int:
    """Run the rounds; returns how many were green before the first red one."""
    for number in range(count):
        print(f"round {number + 1} of {count}", flush=True)
        if run((*COMMAND, *arguments)) != 0:
            return number
    return count


def main() -> int:
    """Exit code 0 if every round was green."""
    count, began = int(os.environ.get("COUNT") or 50), time.monotonic()
    green = soak(count, shlex.split(os.environ.get("ARGS", "")))
    print(f"{green} of {count} rounds were green ({(time.monotonic() - began) / 60:.1f} min)")
    return 0 if green == count else 1


if __name__ == "__main__":
    sys.exit(main())

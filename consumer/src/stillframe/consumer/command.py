"""Where ``stillframe`` begins. It imports as little as it can: a worker has to listen for signals at once."""

from __future__ import annotations

import signal
import sys


def main() -> int:
    """Run the command that the arguments name; returns the exit code.

    A stop may come at any moment, also while a pod is still being started. From here on the signals of
    one are kept until the supervisor can answer; before this line only the interpreter runs, and a
    process that is told to stop then dies of it (or, as a container's process 1, does not hear it).
    """
    match sys.argv[1:]:
        case ["worker", target] if not target.startswith("-"):
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
            from stillframe.consumer.supervisor import supervise  # noqa: PLC0415 - see above

            return supervise(target)
        case _:
            from stillframe.consumer.operate.cli import main as run_command  # noqa: PLC0415 - takes a second

            return run_command()

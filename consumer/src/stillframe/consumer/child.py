"""The worker process under the supervisor: ``python -m stillframe.consumer.child module:attribute``."""

from __future__ import annotations

import io
import sys

from stillframe.consumer.operate.failure import report
from stillframe.consumer.supervisor import attach
from stillframe.consumer.target import load_worker
from stillframe.schemas import StillframeError


def main(target: str) -> int:
    """Run the worker; an expected error is one line and a hint, and decides the exit code."""
    # A handler's print() and the log lines share standard output: whole lines must not mix.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
    try:
        worker = load_worker(target)
        attach(worker.settings.grace)
        worker.run()
    except StillframeError as error:
        return report(error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

"""The worker process under the supervisor: ``python -m stillframe.consumer.child module:attribute``."""

from __future__ import annotations

import io
import os
import sys

from stillframe.consumer.lifeline import Lifeline
from stillframe.consumer.operate.failure import report
from stillframe.consumer.operate.setting_names import check_setting_names
from stillframe.consumer.target import load_worker
from stillframe.schemas import StillframeError


def main(target: str) -> int:
    """Run the worker; an expected error is one line and a hint, and decides the exit code."""
    # A handler's print() and the log lines share standard output: whole lines must not mix.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
    lifeline = Lifeline()
    try:
        check_setting_names(os.environ)
        worker = load_worker(target)
        lifeline.limits(worker.settings.grace, worker.settings.hang_after)
        worker.run()
    except StillframeError as error:
        return report(error)
    finally:
        lifeline.farewell()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

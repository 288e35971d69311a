"""The worker process under the supervisor: ``python -m stillframe.consumer.child module:attribute``."""

from __future__ import annotations

import io
import sys

from stillframe.consumer.errors import WorkerError
from stillframe.consumer.supervisor import attach
from stillframe.consumer.target import load_worker
from stillframe.schemas import StillframeError

EXIT_REFUSED = 3


def main(target: str) -> int:
    """Run the worker; an expected error is one line, and decides the exit code."""
    # A handler's print() and the log lines share standard output: whole lines must not mix.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
    try:
        worker = load_worker(target)
        attach(worker.settings.grace)
        worker.run()
    except WorkerError as error:
        return _fail(error, error.exit_code)
    except StillframeError as error:
        return _fail(error, EXIT_REFUSED)
    return 0


def _fail(error: StillframeError, code: int) -> int:
    print(f"error: {error}", file=sys.stderr)  # noqa: T201
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

"""The worker process under the supervisor: ``python -m stillframe.consumer.child module:attribute``."""

from __future__ import annotations

import atexit
import io
import os
import signal
import sys
from contextlib import suppress

from stillframe.consumer.signals import WHERE, show_stacks_on_request


def _leave() -> None:
    """End here, without the rest of the interpreter's end: it destroys what is left of librdkafka's clients,
    and with a broker that says nothing hangs in that until the supervisor kills the process (measured).
    """
    if os.getpid() != worker_process:
        return  # one that a handler has forked
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(exit_code)


#: Of an error that nobody has expected; its traceback is printed before the end.
exit_code = 1
worker_process = os.getpid()
if __name__ == "__main__":  # and not in the processes that handlers spawn, which import this module again
    # The first to be registered is the last to be called, after the threads and everybody else's last acts.
    atexit.register(_leave)
    # Before the large imports, which can be what a worker hangs in.
    show_stacks_on_request()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {WHERE})

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
    try:
        exit_code = main(sys.argv[1])
    except SystemExit as error:  # out of the user's module
        exit_code = error.code if isinstance(error.code, int) else int(error.code is not None)
        raise
    sys.exit(exit_code)

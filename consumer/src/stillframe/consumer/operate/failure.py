"""How an error reaches the terminal: one line, a hint, and an exit code."""

from __future__ import annotations

import sys
from typing import Final

from stillframe.consumer.errors import WorkerError
from stillframe.schemas import DefinitionError, SettingsError, StillframeError

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
REFUSED: Final = 3
UNREACHABLE: Final = 4
KILLED: Final = 5
CRASHED: Final = 6
STUCK: Final = 7

#: What each exit code means, for `--help` and the documentation.
EXIT_CODES: Final = {
    OK: "done",
    FAILED: "it could not be done; the error says why",
    USAGE: "the command line is wrong",
    REFUSED: "refused: a setting, a declaration or a topic is not safe or not right",
    UNREACHABLE: "no broker answers",
    KILLED: "worker only: killed after its grace period, or by a second signal, with tasks unfinished",
    CRASHED: "worker only: a task has ended the process from within, too often or at a stop; or the start has",
    STUCK: "worker only: as many handlers as there are threads have outlived their timeouts",
}

#: For errors that carry no hint of their own.
HINTS: Final[dict[type[StillframeError], str]] = {
    SettingsError: "settings come from code, then STILLFRAME_* variables, then stillframe.toml",
    DefinitionError: "correct the name or the declaration; nothing was started",
}


def report(error: StillframeError) -> int:
    """Print an expected error on standard error; returns the exit code that goes with it."""
    print(f"error: {error}", file=sys.stderr)  # noqa: T201 - this is the terminal's interface
    for hint in hints(error):
        print(f"hint: {hint}", file=sys.stderr)  # noqa: T201
    return exit_code(error)


def hints(error: StillframeError) -> list[str]:
    """What to do about it: the error's own notes, else what goes for its kind."""
    own = list(getattr(error, "__notes__", ()))
    return own or [hint for kind, hint in HINTS.items() if isinstance(error, kind)]


def exit_code(error: StillframeError) -> int:
    match error:
        case WorkerError():
            return error.exit_code
        case SettingsError() | DefinitionError():
            return REFUSED
        case _:
            return FAILED

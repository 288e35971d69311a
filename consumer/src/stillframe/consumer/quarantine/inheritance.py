"""What a supervisor hands to the worker process that it starts: the journal, and how the last one has ended."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

#: Not ``STILLFRAME_*``: those are settings.
JOURNAL: Final = "_STILLFRAME_JOURNAL_FD"
CRASHES: Final = "_STILLFRAME_CRASHES"
CRASH: Final = "_STILLFRAME_CRASH"


@dataclass(frozen=True, slots=True)
class Inheritance:
    """What was there before this process.

    Attributes:
        journal: the descriptor of the journal; ``None`` without a supervisor.
        crashes: how many processes of this supervisor have crashed so far.
        crash: how the last one did; empty if it has not.
    """

    journal: int | None
    crashes: int = 0
    crash: str = ""


def bequeathed(inheritance: Inheritance) -> dict[str, str]:
    """The environment variables that carry it."""
    return {JOURNAL: str(inheritance.journal), CRASHES: str(inheritance.crashes), CRASH: inheritance.crash}


def inherit() -> Inheritance:
    """Take it out of the environment: it is not for the processes that handlers start."""
    journal = os.environ.pop(JOURNAL, None)
    crashes, crash = os.environ.pop(CRASHES, "0"), os.environ.pop(CRASH, "")
    return Inheritance(None if journal is None else int(journal), int(crashes), crash)

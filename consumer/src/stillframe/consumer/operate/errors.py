"""What a command may fail with, and how an error carries the way out of it."""

from __future__ import annotations

from typing import TypeVar

from stillframe.schemas import StillframeError

E = TypeVar("E", bound=StillframeError)


class CommandError(StillframeError):
    """A command cannot do what it was asked for; nothing is left half done that its message does not name."""


def hinted(error: E, hint: str) -> E:
    """The error with a hint: the one thing to do about it. It travels as a note (PEP 678)."""
    error.add_note(hint)
    return error

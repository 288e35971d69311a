"""What a failure was, told without what it was about.

Promise I10: nothing captured from a request reaches logs or headers. An error is reported by its
type, the place in the code that raised it, and its redacted first line.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pydantic import ValidationError

from stillframe.consumer.errors import ProcessDied
from stillframe.consumer.outcome.judge import Judgement
from stillframe.consumer.outcome.redact import redact
from stillframe.consumer.quarantine.marks import CONDEMNED_AFTER
from stillframe.schemas import DecodeError, Record
from stillframe.schemas.headers import ERROR_MESSAGE_BYTES, clip


class Cause(StrEnum):
    """Whose a failure is."""

    #: The record cannot be run: it is undecodable, of an unknown type, forged, or kills its process.
    INPUT = "input"
    #: The handler failed, or what it called.
    HANDLER = "handler"
    #: The handler has asked for a later time: nothing is wrong with what it calls.
    ASKED = "asked"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt failed, safe to write down.

    Attributes:
        type: the exception's class, such as ``smtplib.SMTPDataError``.
        message: its redacted first line, perhaps empty.
        place: file name, line and function of the handler's own innermost frame.
        permanent: whether another attempt is pointless.
        cause: whose it is.
    """

    type: str
    message: str
    place: str
    permanent: bool
    cause: Cause = Cause.HANDLER


#: Of a task that has killed its process too often to be run once more.
CONDEMNED: Final = Failure(
    "crashed", f"its worker process has ended {CONDEMNED_AFTER} times while it ran alone", "", permanent=True,
    cause=Cause.INPUT,
)  # fmt: skip


def describe(
    error: BaseException, record: Record, *, permanent: bool, cause: Cause = Cause.HANDLER, messages: bool = True
) -> Failure:
    """Tell an exception without quoting the task it failed on."""
    kind = type(error)
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    message = _message(error, record) if messages or isinstance(error, DecodeError) else ""
    return Failure(f"{module}{kind.__qualname__}", message, _place(error), permanent, cause)


def describe_input(error: DecodeError, record: Record) -> Failure:
    """Tell why a record cannot be run. Its messages are ours and quote nothing."""
    return describe(error, record, permanent=True, cause=Cause.INPUT)


def describe_judged(error: BaseException, record: Record, judgement: Judgement, *, messages: bool) -> Failure:
    """Tell what a handler has raised."""
    cause = Cause.ASKED if judgement.asked else Cause.HANDLER
    return describe(error, record, permanent=judgement.permanent, cause=cause, messages=messages)


def _message(error: BaseException, record: Record) -> str:
    if isinstance(error, DecodeError | ProcessDied):
        return clip(str(error), ERROR_MESSAGE_BYTES)  # written by us, quotes nothing
    if isinstance(error, ValidationError):
        faults = error.errors(include_input=False, include_context=False, include_url=False)
        return f"{error.title}: {len(faults)} fault(s), the first of type {faults[0]['type']}" if faults else ""
    lines = _text(error).strip().splitlines()
    return redact(lines[0], record) if lines else ""


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - a broken __str__ of the user's must not cost the outcome
        return ""


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return ""
    last = frames[-1]
    return f"{last.filename.rsplit('/', 1)[-1]}:{last.lineno} in {last.name}"

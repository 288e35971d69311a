"""Calling code that is not ours from a thread that must survive it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

LOGGER = logging.getLogger("stillframe.producer")


class ReportThread(threading.Thread):
    """A thread that delivers reports. What runs on it must not wait for a report: none would come."""


def on_report_thread() -> bool:
    return isinstance(threading.current_thread(), ReportThread)


def call(callback: Callable[[T], object], argument: T) -> None:
    """Call it; log what it raises by type and place, never by its text, which may hold a payload."""
    try:
        callback(argument)
    except BaseException as error:  # noqa: BLE001 - a SystemExit here would end all reports, not the process
        at = error.__traceback__
        while at is not None and at.tb_next is not None:
            at = at.tb_next
        place = "unknown" if at is None else f"{at.tb_frame.f_code.co_filename}:{at.tb_lineno}"
        LOGGER.error(  # noqa: TRY400 - the text of an exception may quote a payload
            "a callback for delivery reports raised %s at %s", type(error).__name__, place
        )

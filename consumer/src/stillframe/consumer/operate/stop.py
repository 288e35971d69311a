"""Ctrl-C and SIGTERM as a wish: what is under way ends properly, and nothing more begins."""

from __future__ import annotations

import signal
import time
from types import FrameType, TracebackType
from typing import Any, Final, Self

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
#: Seconds between two looks while waiting: Python goes on with a sleep after a signal's handler.
TURN: Final = 0.05


class Stop:
    """Whether the operator wants the command to end; a second signal ends it at once. Main thread only."""

    def __init__(self) -> None:
        self.wanted = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._heard) for number in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._restore()

    def sleep(self, seconds: float) -> None:
        """Wait so long, or until the end is wanted."""
        until = time.monotonic() + seconds
        while not self.wanted and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, TURN))

    def _heard(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.wanted = True
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

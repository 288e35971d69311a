"""The socket between a supervisor and its worker: by its end each knows that the other is gone."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import suppress
from typing import Final

from stillframe.consumer.quarantine.endings import EXIT_KILLED

#: Not ``STILLFRAME_*``: that would be a setting.
LIFELINE: Final = "_STILLFRAME_SUPERVISOR_FD"
FAREWELL: Final = "farewell"


class Lifeline:
    """The worker's end of it. Without a supervisor there is none, and nothing is said.

    The worker dies with its supervisor: else one that is killed would leave a worker behind that
    nobody can stop.
    """

    def __init__(self) -> None:
        descriptor = os.environ.pop(LIFELINE, None)
        self._socket = None if descriptor is None else socket.socket(fileno=int(descriptor))
        if self._socket is not None:
            watch = threading.Thread(target=_die_with, args=(self._socket,), name="stillframe-lifeline", daemon=True)
            watch.start()

    def limits(self, grace: float, hang_after: float | None) -> None:
        """Tell how long a stop may take, and how long the pulse may stand still."""
        self._say(f"{grace} {hang_after or 0}")

    def farewell(self) -> None:
        """From here on the process exits in order: whatever its code is, it is no crash of a task's."""
        self._say(FAREWELL)

    def _say(self, word: str) -> None:
        if self._socket is not None:
            with suppress(OSError):  # it has gone, and so will this process, at once
                self._socket.sendall(f"{word}\n".encode())


def _die_with(supervisor: socket.socket) -> None:
    while supervisor.recv(64):
        pass
    os._exit(EXIT_KILLED)

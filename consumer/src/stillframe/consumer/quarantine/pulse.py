"""Whether a process hangs: C code that holds the interpreter lock never dies, and never comes back. Pure.

What beats is a thread of its own, once a second: it needs the lock and nothing else. So neither a
slow handler, nor a broker that does not answer, can ever stop the pulse.
"""

from __future__ import annotations

#: Seconds between two looks of the supervisor, and between two beats of the child.
TICK = 1.0


class PulseWatch:
    """Counts the seconds that a pulse has stood still while its process could have moved it.

    They are the watcher's own waking seconds, counted look by look: of a container that was suspended
    for an hour, no more than one look counts.
    """

    def __init__(self) -> None:
        self._pulse = 0
        self._looked_at: float | None = None
        self.still = 0.0

    def look(self, pulse: int, now: float, *, stopped: bool) -> float:
        """Take note of the pulse; returns the seconds that it has stood still.

        Args:
            pulse: 0 before the first beat: whatever takes its time then is no handler.
            stopped: somebody has stopped the process (SIGSTOP, a debugger): it cannot move.
        """
        gone = 0.0 if self._looked_at is None else min(now - self._looked_at, 2 * TICK)
        self._looked_at = now
        if pulse == 0 or pulse != self._pulse:
            self.still = 0.0
        elif not stopped:
            self.still += gone
        self._pulse = pulse
        return self.still

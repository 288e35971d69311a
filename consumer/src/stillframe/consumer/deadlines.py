"""How long each step of a stop may take: all its limits, in one place.

| until, in seconds after the signal | what happens |
|---|---|
| at once | unready; nothing more is started; retries that wait in memory are handed over |
| ``grace`` | running handlers end, hand-offs are acknowledged, what ends is committed |
| ``grace`` + 0 to 0.2 | what has not ended is named in the log, before anything that can block |
| ``grace`` + 0.3 | the last commit, for which a coordinator that says nothing gets 3 s at most |
| ``grace`` + 0.5 | the worker leaves its group, which takes 5 s at most, and exits |
| ``grace`` + 0.7 | the supervisor asks a process that is still there where its threads are |
| ``grace`` + 1 | and kills it |

A step that is over early leaves its time to the next ones. Pure, and imports nothing large: the
supervisor reads it too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: Seconds beyond the grace period, of the process and of its supervisor.
NAMED: Final = 0.2
COMMITTED: Final = 0.3
LEFT: Final = 0.5
ASKED: Final = 0.7
KILLED: Final = 1.0
#: Seconds that two steps wait for an answer, however much is left: to a broker that is gone both block for longer.
LONGEST_COMMIT: Final = 3.0
LONGEST_LEAVE: Final = 5.0


@dataclass(frozen=True, slots=True)
class Deadlines:
    """When the steps of one stop are over. All times are monotonic.

    Args:
        asked: when the worker was told to stop.
        grace: seconds that it gets.
    """

    asked: float
    grace: float

    @property
    def drained(self) -> float:
        """Until then running handlers and hand-offs are waited for."""
        return self.asked + self.grace

    @property
    def named(self) -> float:
        """By then the log must say what has not ended, whatever holds up the poll thread."""
        return self.drained + NAMED

    def committed(self, heard: float) -> float:
        """When a last commit is given up that was sent, or refused, at that time: in a rebalance it is refused
        until all members have joined again.
        """
        return min(heard + LONGEST_COMMIT, self.drained + COMMITTED)

    def left(self, now: float) -> float:
        """When leaving the group, beginning now, is given up."""
        return min(now + LONGEST_LEAVE, self.drained + LEFT)

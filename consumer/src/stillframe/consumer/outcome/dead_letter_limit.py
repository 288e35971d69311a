"""How many dead letters a task type may have while next to nothing of it is done. Pure.

A deployment whose handlers fail everything would empty its topics into their dead-letter topics, and an operator
would have to bring all of it back. So a type stops at a limit: its failures are retried, its circuit breaker
opens, and its backlog stands where it is until its handler succeeds often enough. Bad input is no handler's
fault: it never counts here.
"""

from __future__ import annotations

from typing import Final

#: Dead letters that one task that is done makes up for: nine in ten may fail for good, for as long as they like.
MAKES_UP_FOR: Final = 9
#: The share of the limit down to which they must be made up for until more are written. At the limit itself each
#: task that is done would let nine more be written, and readiness would go to and fro.
RESUME: Final = 0.7


class DeadLetterLimit:
    """Counts the dead letters of each type for which nothing that was done has made up.

    Args:
        most: how many there may be of a type.

    Attributes:
        most: the same.
        counts: by task type; a type without any is not here, which is all that is asked of one that is well.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.counts: dict[str, int] = {}
        self._stopped: set[str] = set()

    def reached(self, task_type: str) -> bool:
        """Whether no more are written of this type."""
        return task_type in self._stopped

    def give_up(self, task_type: str) -> bool:
        """A handler of this type has failed for good: whether that makes a dead letter."""
        if self.reached(task_type):
            return False
        self.counts[task_type] = count = self.counts.get(task_type, 0) + 1
        if count >= self.most:
            self._stopped.add(task_type)
        return True

    def done(self, task_type: str) -> bool:
        """One of this type is done; True if dead letters are written again because of that."""
        left = self.counts.pop(task_type, 0) - MAKES_UP_FOR
        if left > 0:
            self.counts[task_type] = left
        if task_type not in self._stopped or left > RESUME * self.most:
            return False
        self._stopped.remove(task_type)
        return True

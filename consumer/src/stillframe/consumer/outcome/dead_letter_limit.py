"""How many dead letters a task type may have while next to nothing of it is done. Pure.

A deployment whose handlers fail everything would empty its topics into their dead-letter topics, and an operator
would have to bring all of it back. So a type stops at a limit: its failures are retried, its circuit breaker
opens, and its backlog stands where it is until a handler succeeds. Bad input is no handler's fault: it never
counts here.
"""

from __future__ import annotations

from typing import Final

#: Dead letters that one task that is done makes up for: nine in ten may fail for good, for as long as they like.
MAKES_UP_FOR: Final = 9


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

    def reached(self, task_type: str) -> bool:
        """Whether no more are written of this type."""
        return self.counts.get(task_type, 0) >= self.most

    def give_up(self, task_type: str) -> bool:
        """A handler of this type has failed for good: whether that makes a dead letter."""
        if self.reached(task_type):
            return False
        self.counts[task_type] = self.counts.get(task_type, 0) + 1
        return True

    def done(self, task_type: str) -> bool:
        """One of this type is done; True if dead letters are written again because of that."""
        resumes = self.reached(task_type)
        left = self.counts.pop(task_type, 0) - MAKES_UP_FOR
        if left > 0:
            self.counts[task_type] = left
        return resumes and not self.reached(task_type)

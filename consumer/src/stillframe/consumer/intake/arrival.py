"""A record on its way through the worker: from the poll that brought it to its outcome."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace

from stillframe.consumer.context import TaskContext
from stillframe.consumer.executor import Executor
from stillframe.consumer.intake.partition import Partition
from stillframe.consumer.progress.strict_waits import Wait
from stillframe.consumer.quarantine.marks import Verdict
from stillframe.schemas import DecodeError, Record
from stillframe.schemas.headers import DeliveryState


@dataclass(slots=True, eq=False)
class Arrival:
    """One received record with the state of its delivery.

    Attributes:
        record: as it lay in the topic.
        partition: where it came from, in this ownership.
        lane: the lane it runs in; ``None`` waits for no other.
        state: attempt, origin and so on: from its headers on a retry topic, fresh on a task topic.
        task_type: the name of its task type as the record tells it, before that is checked; may be empty.
        executor: what runs it, by its handler.
        due: epoch milliseconds before which it must not start; 0 is at once.
        fault: why it cannot even be scheduled; it then goes to the dead-letter topic unrun.
        context: what the handler sees, while it runs.
        verdict: what the quarantine says of it.
        failed_here: its last attempt was made in this ownership or waits by its commits: the state is ahead of the
            record's headers.
        strict: when it fails it keeps its lane closed until it has come to an end.
        size: bytes of its value, key and headers.
    """

    record: Record
    partition: Partition
    lane: Hashable | None
    state: DeliveryState
    task_type: str = ""
    executor: Executor = Executor.THREAD
    due: int = 0
    fault: DecodeError | None = None
    context: TaskContext | None = None
    verdict: Verdict = Verdict.RUN
    failed_here: bool = False
    strict: bool = False
    size: int = 0

    def go_on(self, wait: Wait) -> None:
        """Wait as it did in the ownership that has committed this: the same attempt, at the same time."""
        self.state = replace(
            self.state, attempt=wait.attempt, not_before=wait.due, first_failed_at=wait.first_failed_at
        )
        self.due, self.failed_here = wait.due, True

    @property
    def alone(self) -> bool:
        """Whether nothing else may run beside it: it is suspected of killing the process."""
        return self.verdict is Verdict.ALONE

    @property
    def where(self) -> str:
        return f"{self.record.topic}[{self.record.partition}]@{self.record.offset}"

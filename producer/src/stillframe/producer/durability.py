"""What an acknowledgement is worth: the three durabilities of database replication."""

from __future__ import annotations

from enum import Enum


class Durability(Enum):
    """When a submission counts as done, and what can still lose it afterwards.

    No order is promised between tasks of different durabilities.

    Attributes:
        SYNC: the call returns once every in-sync replica has the task. It is then lost only if all
            of them are lost at once. Retries inside the client neither double nor reorder a task.
        SEMI_SYNC: the call returns once the partition's leader has the task, replicas or not. It is
            lost if that leader dies before a replica has copied it. A retry inside the client may
            write the task twice, since acks=1 excludes idempotence; its handler then runs twice.
        ASYNC: the call returns once the task is in the local queue; the report, worth as much as
            SYNC's, comes later to the receipt and to ``Producer(on_report=…)``. Until then the task
            is lost if this process dies.
    """

    SYNC = "sync"
    SEMI_SYNC = "semi_sync"
    ASYNC = "async"

    @property
    def waits(self) -> bool:
        """Whether the submitting call waits for the broker's report."""
        return self is not Durability.ASYNC

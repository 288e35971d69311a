"""What the worker says of itself, read from its JSON log lines as a log collector would read them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from examples.demo.books import Attempt, Ended


class WorkerLog:
    """Takes the lines one by one.

    Args:
        since: epoch milliseconds. A broker of your own may still hold tasks of an earlier run; their
            ids are UUIDv7 and tell their time. They are left out here.

    Attributes:
        ready: whether the worker has been given partitions.
        settled: ids of the tasks that are done or dead.
    """

    def __init__(self, since: int) -> None:
        self.started: list[Attempt] = []
        self.ended: list[Ended] = []
        self.settled: set[str] = set()
        self.retried = self.dead = 0
        self.ready = False
        self._since = since

    def take(self, line: bytes) -> None:
        """Note one line; what an application prints itself is none of ours."""
        try:
            said = json.loads(line)
        except ValueError:
            return
        match said:
            case {"event": "partitions_assigned", "partitions": [_, *_]}:
                self.ready = True
            case {"event": "consume_start", "msg_id": str(task_id)} if made_since(task_id, self._since):
                self.started.append((task_id, said["attempt"]))
            case {"event": "consume_end", "msg_id": str(task_id)} if made_since(task_id, self._since):
                self._end(task_id, said)

    def _end(self, task_id: str, said: dict[str, Any]) -> None:
        at = datetime.fromisoformat(said["timestamp"]).timestamp()
        self.ended.append(Ended(task_id, said["attempt"], said["status"], at))
        match said["status"]:
            case "done":
                self.settled.add(task_id)
            case "dead":
                self.settled.add(task_id)
                self.dead += 1
            case "retry":
                self.retried += 1


def made_since(task_id: str, milliseconds: int) -> bool:
    """Whether a UUIDv7 was made at that time or later (RFC 9562 §5.7: its first 48 bits)."""
    return UUID(task_id).int >> 80 >= milliseconds


def of_this_run(task_ids: Iterable[str], since: int) -> list[str]:
    return [task_id for task_id in task_ids if made_since(task_id, since)]

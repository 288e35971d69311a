"""A short story of one kill, as the journals of a chaos run would tell it, in which all is well.

Six tasks lie in one partition. Worker `a` does 0 and 1, hands 2 over to a retry topic and 3 to the dead
letters, does 5 at its second attempt, and is killed while it runs 4; it had committed 2. Worker `b` begins
there: it runs 2 to 5 again, so that a second copy of 2 lies in the retry topic, and does both copies.
"""

from collections.abc import Iterator
from typing import Any

from tests.chaos.journal import Row

T, RETRY, DEAD = "t", "t.g.retry.2s", "t.g.dlq"
KEYS = ["ada", "bob", "ada", "ada", "bob", "cyd"]
#: Epoch milliseconds before which the retries of task 2 must not start.
DUE = 250


class Story:
    """Writes rows one after the other, a second and ten milliseconds apart: `at` 0, 1, 2; `wall` 0, 10, 20."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._runs = 0

    def tell(self, process: str, kind: str, **facts: Any) -> None:
        """One more row."""
        now = len(self.rows)
        self.rows.append({"process": process, "kind": kind, "at": float(now), "wall": now * 10, **facts})

    def run(
        self, process: str, offset: int, end: str = "done", *, attempt: int = 1, topic: str = T, task: int = -1
    ) -> None:
        """A whole attempt; `end` is done, waits (in memory), retry, dead, or nothing if it is cut off."""
        self._runs += 1
        number = offset if task < 0 else task
        where, ownership = (topic, 0, offset), 1 if topic == T else 2
        facts = {"task": name(number), "attempt": attempt, "key": KEYS[number]}
        self.tell(process, "started", run=self._runs, ownership=ownership, where=where, **facts)
        if end:
            self.tell(process, "finished", run=self._runs, well=end == "done")
            due = {"retry": DUE, "waits": len(self.rows) * 10}.get(end)
            self.tell(process, "ended", run=self._runs, where=where, end=end, due=due)
        if end in {"retry", "dead"}:
            self.tell(process, "handed_off", where=where, topic=RETRY if end == "retry" else DEAD)

    def record(self, topic: str, offset: int, task: int, attempt: int = 1) -> None:
        """What was found in a topic at the end."""
        role = {T: "task", RETRY: "retry", DEAD: "dead"}[topic]
        facts = {"where": (topic, 0, offset), "task": name(task), "attempt": attempt}
        self.tell("conductor", "record", role=role, not_before=DUE if topic == RETRY else 0, **facts)


def name(task: int) -> str:
    """A task's id."""
    return f"task-{task}"


def all_is_well() -> list[Row]:
    """The story, as rows that a test may change."""
    story = Story()
    for task in range(6):
        story.tell("load", "acked", task=name(task), where=(T, 0, task))
    story.tell("a", "assigned", positions=[[T, 0, 0, "", 1], [RETRY, 0, 0, "", 2]])
    for offset, end in enumerate(["done", "done", "retry", "dead"]):
        story.run("a", offset, end)
        if offset == 1:
            story.tell("a", "committed", positions=[[T, 0, 2, ""]])
    story.run("a", 5, "waits")
    story.run("a", 5, attempt=2)
    story.run("a", 4, "")
    story.tell("conductor", "killed", victim="a")
    story.tell("b", "assigned", positions=[[T, 0, 2, "", 1], [RETRY, 0, 0, "", 2]])
    for offset, end in [(2, "retry"), (3, "dead"), (4, "done"), (5, "waits")]:
        story.run("b", offset, end)
    story.run("b", 5, attempt=2)
    story.run("b", 0, attempt=2, topic=RETRY, task=2)
    story.run("b", 1, attempt=2, topic=RETRY, task=2)
    story.tell("b", "committed", positions=[[T, 0, 6, ""], [RETRY, 0, 2, ""]])
    story.tell("b", "stopped", unfinished=[])
    for offset, task in enumerate(range(6)):
        story.record(T, offset, task)
    for offset in range(2):
        story.record(RETRY, offset, task=2, attempt=2)
        story.record(DEAD, offset, task=3)
    return story.rows


def which(rows: list[Row], kind: str, **facts: Any) -> Iterator[Row]:
    """The rows of a kind with these facts."""
    return (row for row in rows if row["kind"] == kind and all(row.get(k) == v for k, v in facts.items()))

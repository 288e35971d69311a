"""What the process of a side is told, as JSON on its command line. Standard library only: peers import it."""

import json
import sys
from dataclasses import asdict, dataclass
from typing import Self


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A backlog and what to do with it.

    Attributes:
        work: ``nothing``, ``busy`` (processor time) or ``sleep``, of so many milliseconds.
        failing: each task whose number this divides fails at its first attempt; 0 for none.
        threads: handlers at the same time.
        hottest: share of the first key, if the rate is to be told by that key's; 0 if not.
        ordering: ``key`` or ``partition``, where a side knows the difference.
        asynchronous: whether handlers are coroutines.
        types: how many task types there are, each with the same handler.
        stuck: whether the tasks of the first key never end.
        alone: whether its group has no other process, so that it makes the group's topics itself.
        records: how many lie there.
        warm_up: seconds from the first record until measuring begins; a fifth of the records ends it, too.
        seconds: how long is measured at most.
    """

    bootstrap: str
    topic: str
    group: str
    work: str = "nothing"
    milliseconds: float = 0.0
    failing: int = 0
    hottest: float = 0.0
    partitions: int = 8
    threads: int = 16
    ordering: str = "key"
    asynchronous: bool = False
    types: int = 1
    stuck: bool = False
    alone: bool = True
    records: int
    warm_up: float
    seconds: float

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def of_command_line(cls) -> Self:
        return cls(**json.loads(sys.argv[1]))

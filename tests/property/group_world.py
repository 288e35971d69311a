"""A group, its broker and a pool without threads: what surrounds the parts that a rebalance touches."""

import time
from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from confluent_kafka import KafkaError, TopicPartition

from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.intake.partition import Partition
from stillframe.consumer.outcome.end import End
from stillframe.consumer.progress.ledger import CommitPoint, Ledger
from stillframe.consumer.progress.metadata import decode

Place = tuple[str, int]
#: Where every log begins.
BEGIN = 5
REFUSED = KafkaError(KafkaError.REBALANCE_IN_PROGRESS)


@dataclass
class Log:
    """One partition at the broker. An offset has an outcome when a handler, ours or another's, brought it to one."""

    end: int = BEGIN
    ours: bool = False
    committed: CommitPoint | None = None
    outcomes: set[int] = field(default_factory=set)
    #: What the broker has taken from us since the partition was assigned to us.
    accepted: set[CommitPoint] = field(default_factory=set)

    @property
    def done(self) -> set[int]:
        """By the word of the last commit."""
        if self.committed is None:
            return set()
        done = set(range(BEGIN, self.committed.offset))
        return done.union(*(range(*run) for run in decode(*self.committed).runs))

    @property
    def offsets(self) -> range:
        return range(BEGIN, self.end)

    def finished_elsewhere(self, offsets: Iterable[int]) -> None:
        """Another member owns it, brings these to their outcome beside what is done, and commits."""
        self.outcomes |= self.done | (set(offsets) & set(self.offsets))
        ledger = Ledger(BEGIN)
        for offset in self.offsets:
            ledger.receive(offset, 1)
        for offset in self.outcomes:
            ledger.finish(offset)
        self.committed = ledger.commit_point()


class Client:
    """confluent_kafka's consumer, with the broker behind it: commits are applied, and answered, when told to."""

    def __init__(self, logs: dict[Place, Log]) -> None:
        self.logs = logs
        self.paused: set[Place] = set()
        #: Commits on their way, each with the membership in which it was sent.
        self.requests: list[tuple[int, list[TopicPartition]]] = []
        self.membership = 0
        self.answers: deque[tuple[KafkaError | None, list[Any]]] = deque()

    def committed(self, positions: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        return [TopicPartition(*place(each), *self._point(place(each))) for each in positions]

    def _point(self, where: Place) -> tuple[int, str]:
        return self.logs[where].committed or (-1001, "")

    def get_watermark_offsets(self, position: TopicPartition, timeout: float) -> tuple[int, int]:
        return BEGIN, self.logs[place(position)].end

    def assign(self, positions: list[TopicPartition]) -> None:
        """All that this member has: the eager protocol."""
        assert not any(log.ours for log in self.logs.values())
        self.incremental_assign(positions)

    def incremental_assign(self, positions: list[TopicPartition]) -> None:
        for each in positions:
            assert BEGIN <= each.offset <= self.logs[place(each)].end, "out of range"
            self.logs[place(each)].ours = True
            self.logs[place(each)].accepted = set()

    def resume(self, positions: list[TopicPartition]) -> None:
        self.paused -= set(map(place, positions))

    def pause(self, positions: list[TopicPartition]) -> None:
        self.paused |= set(map(place, positions))

    def commit(self, offsets: list[TopicPartition], *, asynchronous: bool) -> None:
        assert asynchronous, "the poll thread waits"
        assert all(self.logs[place(each)].ours for each in offsets), "a commit for what another member owns"
        self.requests.append((self.membership, offsets))

    def answer(self, *, takes: bool) -> None:
        """The broker handles the oldest request; one of a member that it has put out is fenced."""
        membership, positions = self.requests.pop(0)
        takes = takes and membership == self.membership
        for each in positions if takes else ():
            log, point = self.logs[place(each)], CommitPoint(each.offset, each.metadata or "")
            log.committed = point
            log.accepted.add(point)
        error = None if takes else REFUSED
        fields = ("topic", "partition", "offset", "metadata")
        told: list[Any] = [
            SimpleNamespace(**{name: getattr(each, name) for name in fields}, error=error) for each in positions
        ]
        self.answers.append((error, told))


class Pool:
    """Stands in for the threads: whoever drives it says what starts and how it ends."""

    def __init__(self) -> None:
        self.ends: deque[tuple[Arrival, End]] = deque()
        self.waits: deque[Any] = deque()
        self.queued: list[Arrival] = []
        self.started: list[Arrival] = []
        self.waiting: list[Arrival] = []
        self.held_back = SimpleNamespace(failing=dict)
        #: What happens while the drain is waited for.
        self.meanwhile: Callable[[], None] = lambda: None

    def withdraw(self, partitions: Collection[Partition]) -> list[Arrival]:
        dropped = [each for each in (*self.queued, *self.waiting) if each.partition in partitions]
        self.queued = [each for each in self.queued if each.partition not in partitions]
        self.waiting = [each for each in self.waiting if each.partition not in partitions]
        for partition in partitions:
            partition.leaving = True
        return [each for each in dropped if each.failed_here]

    def wait_idle(self, partitions: Collection[Partition], deadline: float) -> bool:
        self.meanwhile()
        return not self.running(partitions)

    def running(self, partitions: Collection[Partition]) -> list[Arrival]:
        return [each for each in self.started if each.partition in partitions]


class Topics:
    """The producer behind the hand-offs: what it has sent is reported when told to."""

    def __init__(self, arrivals: list[Arrival]) -> None:
        self._arrivals = arrivals
        self.unreported: list[tuple[Arrival, Callable[[Any], None]]] = []

    def send(self, topic: str, key: Any, value: bytes, headers: Any, **options: Any) -> None:
        """The value is the arrival's number."""
        handed = self._arrivals[int(value)]
        assert handed.partition.owned, "handed over, though another member has it"
        self.unreported.append((handed, options["on_report"]))


def place(position: TopicPartition) -> Place:
    return position.topic, position.partition


def now() -> int:
    return time.time_ns() // 1_000_000

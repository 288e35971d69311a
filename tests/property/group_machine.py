"""One worker in a group, driven by Hypothesis: what happens to it, and what must hold at every moment."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Any, ClassVar, cast

from confluent_kafka import TopicPartition
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.intake.assignment import Assignment
from stillframe.consumer.intake.gate import Gate
from stillframe.consumer.intake.partition import Partition
from stillframe.consumer.intake.pressure import Limits
from stillframe.consumer.intake.rebalance import Rebalance
from stillframe.consumer.outcome.classify import Failure
from stillframe.consumer.outcome.end import Dead, Done, End, Retry
from stillframe.consumer.outcome.handoff import HandOffs
from stillframe.consumer.outcome.settle import Settlement
from stillframe.consumer.progress.commit import CommitPolicy
from stillframe.consumer.progress.commits import Commits
from stillframe.consumer.progress.ledger import CommitPoint
from stillframe.consumer.settings import ASSIGNOR, WorkerSettings
from tests.arrivals import FAMILY, arrival, unmarked
from tests.property.group_world import BEGIN, Client, Log, Place, Pool, Topics, now

PLACES: list[Place] = [(FAMILY.topic, 0), (FAMILY.topic, 1), (FAMILY.retry_topic(FAMILY.tiers[0]), 0)]
FAILURE = Failure("builtins.OSError", "no", "", permanent=False)
#: Longer than a commit is waited for before the next one may go out.
PATIENCE = 31.0
some_places = st.sampled_from([PLACES, PLACES[:1], PLACES[1:2], PLACES[1:], [PLACES[2], PLACES[0]]])
#: Done; failed, and waits in memory; failed, and goes to a retry topic; given up.
kinds = st.sampled_from(["done", "done", "done", "waits", "waits", "later", "dead"])


#: One ownership of a place.
Stay = tuple[Place, int]


@dataclass(frozen=True)
class Drain:
    """A revoke: how many tasks end meanwhile, how, and whether the broker answers hand-offs and the last commit."""

    ending: int
    kind: str
    reports: bool
    takes: bool


mostly = st.sampled_from([True, True, True, False])
drains = st.builds(Drain, st.integers(0, 3), kinds, mostly, mostly)


class GroupMachine(RuleBasedStateMachine):
    """Records come, tasks end in any order, partitions come, go and are lost; commits are answered late.

    What is read after an ownership ends comes from the broker, as it does for the next owner.
    """

    rebalance_class: ClassVar[type[Rebalance]] = Rebalance
    commits_class: ClassVar[type[Commits]] = Commits
    assignment_class: ClassVar[type[Assignment]] = Assignment
    settlement_class: ClassVar[type[Settlement]] = Settlement

    def __init__(self) -> None:
        super().__init__()
        self.logs = {each: Log() for each in PLACES}
        self.client = cast("Any", Client(self.logs))
        self.pool = cast("Any", Pool())
        self.arrivals: list[Arrival] = []
        self.topics = cast("Any", Topics(self.arrivals))
        self.time = 1_000.0
        self.assignment = self.assignment_class([FAMILY])
        self.commits = self.commits_class(CommitPolicy(0, 1), self.ignore, self.time)
        make = partial(HandOffs, self.topics, {}, emit=self.ignore, now=now)
        self.settlement = self.settlement_class(self.pool, self.commits, make)
        self.gate = Gate(
            self.client, self.assignment, Limits(4, 1_000_000, 1_000, 0.7, 1_000, 1_000_000_000), self.ignore
        )
        #: The ownership of each place by our own count, and that which each arrival came in.
        self.current: dict[Place, int] = dict.fromkeys(PLACES, 0)
        self.stay_of: dict[Arrival, Stay] = {}
        #: What each ownership began with, knew to be done, has received, and may book.
        self.starts: dict[Stay, CommitPoint | None] = {}
        self.done_before: dict[Stay, set[int]] = {}
        self.received: dict[Stay, set[int]] = {}
        self.booked: dict[Stay, set[int]] = {}
        self.to_book: list[Arrival] = []

    def ignore(self, event: object) -> None:
        """Nobody listens."""

    @initialize(count=st.integers(0, 3), eager=st.booleans())
    def begin(self, count: int, eager: bool) -> None:
        self.eager = eager
        assignor = {ASSIGNOR: "range" if eager else "cooperative-sticky"}
        self.rebalance = self.rebalance_class(
            self.assignment, self.settlement, self.commits, unmarked, self.ignore,
            WorkerSettings(revoke_drain=0, kafka=assignor), stopping=lambda: False,
        )  # fmt: skip
        self._come(count)
        self.assign(PLACES)

    # --- the group

    @rule(places=some_places)
    def assign(self, places: list[Place]) -> None:
        """An eager member is given all that it gets at once."""
        new = [each for each in places if not self.logs[each].ours]
        if self.eager and len(self.assignment):
            return
        self.rebalance.assigned(self.client, [TopicPartition(*each) for each in new])
        assert not self.client.paused & set(new), "a pause of an earlier ownership is still there"
        for each in self._partitions(new):
            self.current[each.topic, each.number] += 1
            stay = self._stay(each)
            self.starts[stay] = each.committed
            self.done_before[stay] = self.logs[each.topic, each.number].done
            self.received[stay], self.booked[stay] = set(), set()
            self._receive(each)

    @rule(places=some_places, drain=drains | drains | st.none(), back=some_places | st.just([]))
    def leave(self, places: list[Place], drain: Drain | None, back: list[Place]) -> None:
        """Without a drain all are lost: others own them before we hear of it. Some come back at once."""
        leaving = self._leaving(places)
        if drain is None:
            self._lose(list(self.assignment))
        elif leaving:
            self._revoke(leaving, drain)
        self.assign(back)

    @rule(where=st.sampled_from(PLACES), finished=st.sets(st.integers(BEGIN, BEGIN + 20)))
    def another_member_works(self, where: Place, finished: set[int]) -> None:
        """It owns what we do not, and may leave a map of what it has done behind a slow task."""
        if not self.logs[where].ours:
            self.logs[where].finished_elsewhere(finished)

    # --- the work

    @rule(
        come=st.integers(0, 3),
        start=st.integers(0, 9),
        ends=st.lists(st.tuples(st.integers(0, 9), kinds), max_size=5),
        reports=st.sampled_from(["taken", "taken", "refused", "none"]),
    )
    def turn(self, come: int, start: int, ends: list[tuple[int, str]], reports: str) -> None:
        """Records come, some start; some handlers end, of any ownership: one may return long after its
        partition has gone, and come back. The loop settles, adjusts and commits."""
        self._come(come)
        self.pool.started += self.pool.queued[:start]
        del self.pool.queued[:start]
        for which, kind in ends:
            if self.pool.started:
                self._end(self.pool.started.pop(which % len(self.pool.started)), kind)
        self.settlement.tick()
        if reports != "none":
            self._report(refused=reports == "refused")
            self.settlement.tick()
        self._book()
        self.gate.adjust()
        for each in self.assignment:
            assert ((each.topic, each.number) in self.client.paused) is (each.paused is not None)
        self.time += PATIENCE
        self.commits.tick(self.client, list(self.assignment), self.time)

    @rule(takes=st.booleans(), heard=st.sampled_from([False, False, True]))
    def a_commit_is_answered(self, takes: bool, heard: bool) -> None:
        """The oldest on its way; we hear of it now, or later, of all that was answered."""
        if self.client.requests:
            self.client.answer(takes=takes)
        while heard and self.client.answers:
            self.commits.acknowledged(*self.client.answers.popleft())

    # --- what must hold

    @invariant()
    def the_broker_is_never_told_too_much(self) -> None:
        for log in self.logs.values():
            assert log.done <= log.outcomes

    @invariant()
    def ownership_is_the_brokers(self) -> None:
        owned = {(each.topic, each.number) for each in self.assignment}
        assert owned == {where for where, log in self.logs.items() if log.ours}

    @invariant()
    def a_ledger_knows_its_own_ownership_only(self) -> None:
        for partition in self.assignment:
            stay = self._stay(partition)
            assert set(partition.ledger._unfinished) == self.received[stay] - self.booked[stay]

    @invariant()
    def clean_means_that_the_broker_has_it(self) -> None:
        for partition in self.assignment:
            log = self.logs[partition.topic, partition.number]
            assert partition.committed in {None, self.starts[self._stay(partition)], *log.accepted}

    # --- its hands

    def _lose(self, gone: list[Partition]) -> None:
        self.client.membership += 1
        for each in gone:
            self.logs[each.topic, each.number].ours = False
        self.rebalance.lost(self.client, _positions(gone))

    def _revoke(self, leaving: list[Partition], drain: Drain) -> None:
        waited = [each for each in self.pool.waiting if each.partition in leaving]
        self.pool.meanwhile = partial(self._during_drain, leaving, drain)
        self.rebalance.revoked(self.client, _positions(leaving))
        self.pool.meanwhile = lambda: None
        self._book()
        while self.client.requests:  # librdkafka lets go once they are answered
            self.client.answer(takes=drain.takes)
        for each in leaving:
            log = self.logs[each.topic, each.number]
            log.ours = False
            assert not drain.takes or self.booked[self._stay(each)] <= log.done, "done, and yet to be run again"
        assert not drain.reports or all(map(self._has_outcome, waited)), "a retry that waited was not handed over"

    def _partitions(self, places: list[Place]) -> list[Partition]:
        found = [self.assignment.get(*each) for each in places]
        return [each for each in found if each is not None]

    def _leaving(self, places: list[Place]) -> list[Partition]:
        """An eager member gives up all that it has."""
        return list(self.assignment) if self.eager else self._partitions(places)

    def _come(self, count: int) -> None:
        for log in self.logs.values():
            log.end += count
        for partition in self.assignment:
            if (partition.topic, partition.number) not in self.client.paused:
                self._receive(partition)

    def _stay(self, partition: Partition) -> Stay:
        where = (partition.topic, partition.number)
        return where, self.current[where]

    def _receive(self, partition: Partition) -> None:
        stay = self._stay(partition)
        for offset in range(partition.position, self.logs[partition.topic, partition.number].end):
            self.received[stay].add(offset)
            if partition.ledger.receive(offset, 1):
                assert offset not in self.done_before[stay], "run again, though the commit said that it was done"
                self.arrivals.append(arrival(partition, offset, value=str(len(self.arrivals)).encode()))
                self.stay_of[self.arrivals[-1]] = stay
                self.pool.queued.append(self.arrivals[-1])
            else:
                self.booked[stay].add(offset)

    def _during_drain(self, leaving: Collection[Partition], drain: Drain) -> None:
        for each in self.pool.running(leaving)[: drain.ending]:
            self.pool.started.remove(each)
            self._end(each, drain.kind)
        if drain.reports:
            self._report(refused=False)

    def _end(self, ended: Arrival, kind: str) -> None:
        end: End
        match kind:
            case "waits" if ended.partition.owned and not ended.partition.leaving:
                ended.failed_here = True
                self.pool.waiting.append(ended)
                return
            case "waits" | "later":
                end = Retry(now() + 60_000, FAILURE)
            case "dead":
                end = Dead(FAILURE)
            case _:
                end = Done()
                self._outcome(ended)
        self.pool.ends.append((ended, end))

    def _report(self, *, refused: bool) -> None:
        """The broker's word on every record that was sent on."""
        for handed, on_report in self.topics.unreported:
            if not refused:
                self._outcome(handed)
            on_report(SimpleNamespace(error=OSError("full") if refused else None))
        self.topics.unreported.clear()

    def _outcome(self, ended: Arrival) -> None:
        """It has come to it, whoever may book it."""
        self.logs[ended.record.topic, ended.record.partition].outcomes.add(ended.record.offset)
        self.to_book.append(ended)

    def _has_outcome(self, ended: Arrival) -> bool:
        return ended.record.offset in self.logs[ended.record.topic, ended.record.partition].outcomes

    def _book(self) -> None:
        for each in self.to_book:
            self.booked[self.stay_of[each]].add(each.record.offset)
        self.to_book.clear()


def _positions(partitions: list[Partition]) -> list[TopicPartition]:
    return [TopicPartition(each.topic, each.number) for each in partitions]

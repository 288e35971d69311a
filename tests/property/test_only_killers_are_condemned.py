"""The quarantine (I8): no innocent is ever condemned; a killer is, after few crashes; everything else is done."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from stillframe.consumer.dispatch.solitude import Solitude
from stillframe.consumer.quarantine import marks, slots
from stillframe.consumer.quarantine.marks import Mark, Marks, Verdict
from stillframe.consumer.quarantine.slots import InFlight
from tests.property.machines import must_find, run

TOPICS = ("tasks",)
PARTITIONS = 2
RECORDS = 4
THREADS = 3
#: Beside its neighbours twice, alone three times.
MOST_CRASHES = 5


@dataclass(eq=False)
class Delivery:
    """A record on a worker."""

    partition: int
    offset: int
    value: bytes
    killer: bool
    verdict: Verdict = Verdict.RUN
    slot: int = -1

    @property
    def alone(self) -> bool:
        return self.verdict is Verdict.ALONE


@dataclass(eq=False)
class Process:
    """A worker process: what it holds, what runs in it, and its journal."""

    solitude: Solitude[Delivery]
    queue: list[Delivery] = field(default_factory=list)
    running: list[Delivery] = field(default_factory=list)
    journal: bytearray = field(default_factory=lambda: bytearray(slots.blank(TOPICS, THREADS)))

    def take(self) -> Delivery | None:
        return self.queue.pop(0) if self.queue else None

    def note(self, delivery: Delivery) -> None:
        first = slots.first_slot(TOPICS)
        places = range(first, first + THREADS * slots.SLOT.size, slots.SLOT.size)
        delivery.slot = next(at for at in places if self.journal[at] == slots.FREE)
        alone = delivery.alone and not self.running
        mark = marks.fingerprint(delivery.value)
        slots.occupy(self.journal, delivery.slot, (0, delivery.partition, delivery.offset), mark, alone=alone)


class QuarantineMachine(RuleBasedStateMachine):
    """Two workers share partitions with killers and innocents in them; processes crash, are killed, lose
    their session; topics are made anew.
    """

    solitude_class: ClassVar[type[Solitude[Delivery]]] = Solitude

    @staticmethod
    def after_crash(known: Marks, suspects: Iterable[InFlight], committed: int) -> dict[int, Mark]:
        return marks.after_crash(known, suspects, committed)

    @staticmethod
    def judge(known: Marks, offset: int, value: bytes | None) -> Verdict:
        return marks.judge(known, offset, value)

    def __init__(self) -> None:
        super().__init__()
        self.made = 0
        self.workers = [Process(self.solitude_class()) for _ in range(2)]
        self.owner = [0, 0]
        self.metadata = [""] * PARTITIONS
        self.logs: list[list[tuple[bytes, bool]]] = [[] for _ in range(PARTITIONS)]
        self.ended: list[set[int]] = [set() for _ in range(PARTITIONS)]
        self.dead: list[Delivery] = []
        self.crashes: Counter[bytes] = Counter()

    @rule(partition=st.integers(0, PARTITIONS - 1), killer=st.booleans())
    def submit(self, partition: int, killer: bool) -> None:
        log = self.logs[partition]
        if len(log) < RECORDS:
            self.made += 1
            log.append((b"task %d" % self.made, killer))
            self._deliver(partition, len(log) - 1)

    @rule(worker=st.integers(0, 1))
    def start(self, worker: int) -> None:
        self._start(self.workers[worker])

    @rule(which=st.integers(0, 2 * THREADS - 1))
    def end(self, which: int) -> None:
        """Of an innocent."""
        if ready := [(w, d) for w in self.workers for d in w.running if not d.killer]:
            self._end(*ready[which % len(ready)])

    @rule(which=st.integers(0, 2 * THREADS - 1))
    def crash(self, which: int) -> None:
        """By a killer that runs."""
        if ready := [(w, d) for w in self.workers for d in w.running if d.killer]:
            self._crash(*ready[which % len(ready)])

    @rule(worker=st.integers(0, 1), times=st.integers(1, 6))
    def crash_again_and_again(self, worker: int, times: int) -> None:
        for _ in range(times):
            for _ in range(THREADS):
                self._start(self.workers[worker])
            process = self.workers[worker]
            if killers := [delivery for delivery in process.running if delivery.killer]:
                self._crash(process, killers[0])

    @rule(worker=st.integers(0, 1), elsewhere=st.booleans())
    def operator_or_node_kills(self, worker: int, elsewhere: bool) -> None:
        """No crash of anybody's."""
        self._renew(worker)
        for partition in range(PARTITIONS):
            if self.owner[partition] == worker:
                self.owner[partition] = 1 - worker if elsewhere else worker
                self._assign(partition)

    @rule(partition=st.integers(0, PARTITIONS - 1))
    def move(self, partition: int) -> None:
        """A rebalance, of a busy worker: suspects come last and have to wait. What ran is let go."""
        self.submit(partition, killer=False)
        process = self.workers[self.owner[partition]]
        process.queue.sort(key=lambda delivery: delivery.alone)
        for _ in range(THREADS):
            self._start(process)
        self._withdraw(partition)
        self.owner[partition] = 1 - self.owner[partition]
        self._assign(partition)

    @rule(partition=st.integers(0, PARTITIONS - 1))
    def move_with_a_suspect(self, partition: int) -> None:
        """Left to chance it happens too rarely."""
        self.submit(partition, killer=True)
        self.crash_again_and_again(self.owner[partition], marks.ALONE_AFTER)
        self.move(partition)

    @precondition(lambda self: any(self.dead))
    @rule(which=st.integers(0, PARTITIONS * RECORDS))
    def topic_is_made_anew(self, which: int) -> None:
        """Its marks remain, at offsets that other records now have."""
        partition = self.dead[which % len(self.dead)].partition
        self._withdraw(partition)
        self.logs[partition] = []
        self.ended[partition] = set()
        for _ in range(RECORDS):
            self.submit(partition, killer=False)

    @invariant()
    def innocents_are_never_condemned(self) -> None:
        assert all(delivery.killer for delivery in self.dead)

    @invariant()
    def killers_crash_no_more_than_five_times(self) -> None:
        assert all(crashes <= MOST_CRASHES for crashes in self.crashes.values())

    @invariant()
    def a_suspect_runs_by_itself(self) -> None:
        for process in self.workers:
            assert len(process.running) <= 1 or not any(delivery.alone for delivery in process.running)

    @invariant()
    def what_has_left_does_not_run(self) -> None:
        for number, process in enumerate(self.workers):
            suspect = process.solitude.suspect
            here = [*process.running, *([] if suspect is None else [suspect])]
            assert all(self.owner[delivery.partition] == number for delivery in here)

    def teardown(self) -> None:
        """In the end every innocent is done, and every killer is in the dead-letter topic."""
        for _ in range(PARTITIONS * RECORDS * (MOST_CRASHES + 1)):
            for process in list(self.workers):
                self._start(process)
                self._end_all(process)
        assert [len(ended) for ended in self.ended] == [len(log) for log in self.logs]
        self.innocents_are_never_condemned()
        self.killers_crash_no_more_than_five_times()

    def _end_all(self, process: Process) -> None:
        for delivery in list(process.running):
            if delivery.killer:
                self._crash(process, delivery)
                return
            self._end(process, delivery)

    def _start(self, process: Process) -> None:
        if len(process.running) == THREADS:
            return
        delivery = process.solitude.next(process.take, len(process.running))
        if delivery is None:
            return
        if delivery.verdict is Verdict.CONDEMNED:
            self.dead.append(delivery)
            self.ended[delivery.partition].add(delivery.offset)
            return
        process.note(delivery)
        process.running.append(delivery)

    def _end(self, process: Process, delivery: Delivery) -> None:
        process.running.remove(delivery)
        process.journal[delivery.slot] = slots.FREE
        process.solitude.left(delivery)
        self.ended[delivery.partition].add(delivery.offset)

    def _crash(self, process: Process, culprit: Delivery) -> None:
        self.crashes[culprit.value] += 1
        worker = self.workers.index(process)
        suspects = slots.in_flight(bytes(process.journal))
        self._renew(worker)
        # The other partition's records first: a suspect finds somebody at work, and has to wait.
        for partition in sorted(range(PARTITIONS), key=culprit.partition.__eq__):
            if mine := [each for each in suspects if each.partition == partition]:
                known, committed = marks.decode(self.metadata[partition]), self._committed(partition)
                self.metadata[partition] = marks.encode(self.after_crash(known, mine, committed))
            if self.owner[partition] == worker:
                self._assign(partition)

    def _committed(self, partition: int) -> int:
        return next(n for n in range(RECORDS + 1) if n not in self.ended[partition])

    def _renew(self, worker: int) -> None:
        self.workers[worker] = Process(self.solitude_class())

    def _withdraw(self, partition: int) -> None:
        process = self.workers[self.owner[partition]]
        process.queue = [each for each in process.queue if each.partition != partition]
        process.solitude.drop(lambda each: each.partition == partition)
        for delivery in [each for each in process.running if each.partition == partition]:
            process.running.remove(delivery)
            process.journal[delivery.slot] = slots.FREE
            process.solitude.left(delivery)

    def _assign(self, partition: int) -> None:
        for offset in range(len(self.logs[partition])):
            if offset not in self.ended[partition]:
                self._deliver(partition, offset)

    def _deliver(self, partition: int, offset: int) -> None:
        value, killer = self.logs[partition][offset]
        verdict = self.judge(marks.decode(self.metadata[partition]), offset, value)
        self.workers[self.owner[partition]].queue.append(Delivery(partition, offset, value, killer, verdict))


def test_only_killers_are_condemned() -> None:
    """Whatever happens to processes, partitions and topics."""
    run(QuarantineMachine)


class CountsNeighboursCrashes(QuarantineMachine):
    @staticmethod
    def judge(known: Marks, offset: int, value: bytes | None) -> Verdict:
        crashes = known[offset].crashes if offset in known else 0
        return Verdict.CONDEMNED if crashes >= marks.CONDEMNED_AFTER else Verdict.RUN


class ForgetsWhatWasKnown(QuarantineMachine):
    @staticmethod
    def after_crash(known: Marks, suspects: Iterable[InFlight], committed: int) -> dict[int, Mark]:
        return marks.after_crash({}, suspects, committed)


class TakesAnotherRecordForIt(QuarantineMachine):
    @staticmethod
    def judge(known: Marks, offset: int, value: bytes | None) -> Verdict:
        return known[offset].verdict if offset in known else Verdict.RUN


class NeverRunsAlone(QuarantineMachine):
    @staticmethod
    def judge(known: Marks, offset: int, value: bytes | None) -> Verdict:
        verdict = marks.judge(known, offset, value)
        return Verdict.RUN if verdict is Verdict.ALONE else verdict


class DoesNotWait(Solitude[Delivery]):
    def next(self, take: Callable[[], Delivery | None], running: int) -> Delivery | None:
        return super().next(take, 0)


class LetsOthersIn(Solitude[Delivery]):
    def next(self, take: Callable[[], Delivery | None], running: int) -> Delivery | None:
        return super().next(take, running) or take()


class NeverGoesOn(Solitude[Delivery]):
    def left(self, item: Delivery) -> None:
        pass


class KeepsWhatHasLeft(Solitude[Delivery]):
    def drop(self, unwanted: Callable[[Delivery], bool]) -> list[Delivery]:
        return []


MUTANTS = (
    CountsNeighboursCrashes,
    ForgetsWhatWasKnown,
    TakesAnotherRecordForIt,
    NeverRunsAlone,
    *(
        type(solitude.__name__, (QuarantineMachine,), {"solitude_class": solitude})
        for solitude in (DoesNotWait, LetsOthersIn, NeverGoesOn, KeepsWhatHasLeft)
    ),
)


@pytest.mark.parametrize("mutant", MUTANTS)
def test_planted_bugs_are_found(mutant: type[QuarantineMachine]) -> None:
    """The machine is worth something only if it finds rules that are wrong."""
    must_find(mutant)

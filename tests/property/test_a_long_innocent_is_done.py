"""A task of ten minutes, beside killers and through five node kills, in virtual time: it is done (I8)."""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from stillframe.consumer.dispatch.solitude import Solitude
from stillframe.consumer.quarantine import marks, slots
from stillframe.consumer.quarantine.marks import Mark, Verdict

TOPICS = ("tasks",)
THREADS = 4
LONG = 600
NODE_KILLS = 5
#: Nobody may take longer: a killer's five crashes and five node kills each cost the innocents what they had done.
IN_THE_END = 3_600 * 24


@dataclass(eq=False)
class Delivery:
    offset: int
    ends_at: int
    verdict: Verdict
    slot: int

    @property
    def alone(self) -> bool:
        return self.verdict is Verdict.ALONE


@dataclass
class World:
    """One partition whose tasks last so many seconds, and crash at their end if they are killers."""

    seconds: list[int]
    killers: set[int]
    now: int = 0
    known: dict[int, Mark] = field(default_factory=dict)
    done: set[int] = field(default_factory=set)
    dead: set[int] = field(default_factory=set)

    def live(self, until: int) -> None:
        """One process after another, until then: a node kill, which tells nobody anything."""
        while self._open() and self.now < until:
            self._process(until)

    def _open(self) -> list[int]:
        return [offset for offset in range(len(self.seconds)) if offset not in self.done | self.dead]

    def _process(self, until: int) -> None:
        """From its start to a crash, to its kill, or to the end of all work."""
        memory = bytearray(slots.blank(TOPICS, THREADS))
        queue, running, solitude = self._deliveries(), list[Delivery](), Solitude[Delivery]()
        while queue or running or solitude.suspect:
            while len(running) < THREADS:
                took = solitude.next(lambda: queue.pop(0) if queue else None, len(running))
                if took is None:
                    break
                self._start(took, running, memory)
            if not running:
                continue
            first = min(running, key=lambda each: each.ends_at)
            self.now = min(until, first.ends_at)
            if self.now == until:
                return
            if first.offset in self.killers:
                suspects = slots.in_flight(bytes(memory))
                self.known = marks.after_crash(self.known, suspects, min(self._open()))
                return
            running.remove(first)
            memory[first.slot] = slots.FREE
            solitude.left(first)
            self.done.add(first.offset)

    def _deliveries(self) -> list[Delivery]:
        judged = [(offset, marks.judge(self.known, offset, b"%d" % offset)) for offset in self._open()]
        self.dead |= {offset for offset, verdict in judged if verdict is Verdict.CONDEMNED}
        return [Delivery(offset, 0, verdict, -1) for offset, verdict in judged if offset not in self.dead]

    def _start(self, took: Delivery, running: list[Delivery], memory: bytearray) -> None:
        first = slots.first_slot(TOPICS)
        places = range(first, first + THREADS * slots.SLOT.size, slots.SLOT.size)
        took.slot = next(at for at in places if memory[at] == slots.FREE)
        alone = took.alone and not running
        slots.occupy(memory, took.slot, (0, 0, took.offset), marks.fingerprint(b"%d" % took.offset), alone=alone)
        took.ends_at = self.now + self.seconds[took.offset]
        running.append(took)


@settings(max_examples=500, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([1, 30, LONG]), st.booleans()), min_size=1, max_size=8),
    st.lists(st.integers(1, 2 * LONG), min_size=NODE_KILLS, max_size=NODE_KILLS),
)
def test_a_long_innocent_is_done(tasks: list[tuple[int, bool]], between_kills: list[int]) -> None:
    seconds = [LONG, *(seconds for seconds, _ in tasks)]
    killers = {offset for offset, (_, kills) in enumerate(tasks, 1) if kills}
    world = World(seconds, killers)
    for gap in between_kills:
        world.live(world.now + gap)
    world.live(IN_THE_END)
    assert world.dead == killers
    assert world.done == set(range(len(seconds))) - killers

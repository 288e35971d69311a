"""Where marks live: in the commits of the companion group ``G.suspects``, which never has members.

Only a member of G may commit to G, and a process that has just crashed is none. Into a group without
members anyone commits who may read it: so the process that is started after a crash writes the
marks before it joins G, within G's session timeout and so before anybody else owns the partitions
of the dead one; and whoever gets them finds the marks when they are assigned.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from functools import partial
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from stillframe.consumer.events import Event, SuspectMarked, Warned
from stillframe.consumer.quarantine.marks import (
    Mark,
    Marks,
    UnreadableMarks,
    after_crash,
    decode,
    encode,
    merged,
)
from stillframe.consumer.quarantine.slots import InFlight
from stillframe.consumer.settings import WorkerSettings
from stillframe.producer.settings import build

#: Seconds for one question, between two, and in all. A suspect that runs unmarked may kill once more, which
#: loses nothing; a worker that waits for its marks does no work at all.
ASK_TIMEOUT: Final = 2.0
ASK_AGAIN_AFTER: Final = 0.2
ASK_FOR: Final = 10.0
TURN: Final = 0.05
FORBIDDEN: Final = frozenset({KafkaError.GROUP_AUTHORIZATION_FAILED, KafkaError.TOPIC_AUTHORIZATION_FAILED})

#: Topic and partition.
Place = tuple[str, int]
Found = dict[Place, TopicPartition]
#: The marks of these places.
LookUp = Callable[[Sequence[Place]], Mapping[Place, Marks]]


def companion_of(group: str) -> str:
    """The group whose commits carry a group's marks."""
    return f"{group}.suspects"


class Companion:
    """Reads and writes marks. Whatever fails here is warned about and costs no work.

    With consumers that never subscribe: librdkafka's admin client, which could do the same, aborts the
    process where its connection drops under a request to a coordinator (measured).

    Args:
        stopping: whether the worker has been told to stop.
    """

    def __init__(
        self, settings: WorkerSettings, group: str, emit: Callable[[Event], None], *, stopping: Callable[[], bool]
    ) -> None:
        self._settings = settings
        self._group = group
        self._companion = companion_of(group)
        self._emit = emit
        self._stopping = stopping
        self._warned = False
        # What this process has found out itself, in case that it could not be written.
        self._own: dict[Place, dict[int, Mark]] = {}

    def mark(self, suspects: Sequence[InFlight]) -> None:
        """After a crash: count it against these records."""
        places = sorted({(suspect.topic, suspect.partition) for suspect in suspects})
        if not places:
            return
        committed = self._asked(self._group, lambda commits: commits.read(places)) or {}
        found = self._asked(self._companion, lambda commits: commits.read(places))
        for place, known in self._decoded(places, found).items():
            of_place = [each for each in suspects if (each.topic, each.partition) == place]
            frontier = committed[place].offset if place in committed else 0
            self._own[place] = after_crash(known, of_place, frontier)
        if found is not None:  # else earlier crashes, which could not be read, would be written over
            positions = [TopicPartition(*place, min(marks), encode(marks)) for place, marks in self._own.items()]
            self._asked(self._companion, lambda commits: commits.write(positions))
        for suspect in suspects:
            mark = self._own[suspect.topic, suspect.partition][suspect.offset]
            self._emit(SuspectMarked(suspect.topic, suspect.partition, suspect.offset, mark.crashes, mark.alone))

    def marks(self, places: Sequence[Place]) -> Mapping[Place, Marks]:
        """The marks of partitions that have been assigned; one question for all of them."""
        found = self._asked(self._companion, lambda commits: commits.read(places))
        return {
            place: merged(self._own.get(place, {}), known) for place, known in self._decoded(places, found).items()
        }

    def _asked(self, group: str, ask: Callable[[_Commits], Found]) -> Found | None:
        """An answer, asked for again while a coordinator moves, up to a bound; else a warning, and ``None``.

        With a client for this question alone: the next may be days away.
        """
        with closing(_Commits(self._settings, group)) as commits:
            return self._patiently(group, partial(ask, commits))

    def _patiently(self, group: str, ask: Callable[[], Found]) -> Found | None:
        give_up_at = time.monotonic() + ASK_FOR
        while True:
            try:
                return ask()
            except KafkaException as error:
                refused = error.args[0].code() in FORBIDDEN
                if refused or self._stopping() or time.monotonic() >= give_up_at:
                    self._excuse(group, error)
                    return None
            time.sleep(ASK_AGAIN_AFTER)

    def _decoded(self, places: Iterable[Place], found: Found | None) -> dict[Place, dict[int, Mark]]:
        marks: dict[Place, dict[int, Mark]] = {place: {} for place in places}
        for place, position in (found or {}).items():
            try:
                marks[place] = decode(position.metadata)
            except UnreadableMarks as error:
                where = f"{position.topic}[{position.partition}] in group {self._companion}"
                self._emit(Warned(f"commit metadata of {where} is ignored: {error}"))
        return marks

    def _excuse(self, group: str, error: KafkaException) -> None:
        """Once: a worker without this access does all its work, and without this protection."""
        if not self._warned:
            self._warned = True
            self._emit(
                Warned(
                    f"commits of group {group} are out of reach: {error.args[0].str()}; a task that kills its worker "
                    f"may not be quarantined. The worker needs the operation Read on that group"
                )
            )


class _Commits:
    """The commits of a group, through a consumer that does not join it."""

    def __init__(self, settings: WorkerSettings, group: str) -> None:
        self._consumer = build(Consumer, settings.bystander_properties(group) | {"on_commit": self._answered})
        self._answer: tuple[KafkaError | None, list[TopicPartition]] | None = None

    def read(self, places: Sequence[Place]) -> Found:
        """Places without a commit are left out."""
        positions = [TopicPartition(*place) for place in places]
        found = _sound(self._consumer.committed(positions, timeout=ASK_TIMEOUT))
        return {(each.topic, each.partition): each for each in found if each.offset >= 0}

    def write(self, positions: list[TopicPartition]) -> Found:
        """Commit, and wait for the broker's answer: a synchronous commit would wait without a bound."""
        self._answer = None
        self._consumer.commit(offsets=positions, asynchronous=True)
        deadline = time.monotonic() + ASK_TIMEOUT
        while self._answer is None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
            self._consumer.poll(min(left, TURN))  # an answer alone does not end the call
        error, written = self._answer
        if error is not None:
            raise KafkaException(error)
        _sound(written)
        return {}

    def close(self) -> None:
        self._consumer.close()

    def _answered(self, error: KafkaError | None, positions: list[TopicPartition]) -> None:
        self._answer = error, positions


def _sound(positions: list[TopicPartition]) -> list[TopicPartition]:
    for position in positions:
        if position.error is not None:
            raise KafkaException(position.error)
    return positions

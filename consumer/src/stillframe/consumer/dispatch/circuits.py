"""The circuit breakers of all task types: which types are held back. Pure; the desk asks under its one lock."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple
from zlib import crc32

from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.outcome.breaker import Breaker, CircuitBreaker, State
from stillframe.consumer.outcome.classify import Cause
from stillframe.consumer.outcome.end import Dead, Done, End, Retry


class Change(NamedTuple):
    """A breaker has another state now, and why."""

    task_type: str
    state: State
    reason: str


class Circuits:
    """A breaker for each task type that has a policy; what a record calls itself is looked up, never added.

    Args:
        policies: by task type.
        topics: of all task types, also those without a policy.

    Attributes:
        unwell: the breakers that are not closed, mostly none: all that is asked per task is whether there is one.
        changes: for the poll thread to tell of.
    """

    def __init__(self, policies: Mapping[str, CircuitBreaker], topics: Mapping[str, str] | None = None) -> None:
        self._breakers = {task_type: Breaker(policy) for task_type, policy in policies.items()}
        self._topics = dict(topics or {})
        of_topic = Counter(self._topics.values())
        #: The topic of each type that has one to itself.
        self.alone = {task_type: topic for task_type, topic in self._topics.items() if of_topic[topic] == 1}
        self.unwell: dict[str, Breaker] = {}
        self.changes: deque[Change] = deque()

    @property
    def due(self) -> int | None:
        """When the next one that is open is tried."""
        return min((breaker.due for breaker in self.unwell.values() if breaker.due is not None), default=None)

    def state(self, task_type: str) -> State:
        breaker = self.unwell.get(task_type)
        return State.CLOSED if breaker is None else breaker.state

    def tick(self, now: int) -> None:
        """Time has gone by: those whose time it is are half-open."""
        for task_type, breaker in self.unwell.items():
            if breaker.tick(now):
                self._note(task_type, breaker)

    def started(self, arrival: Arrival) -> None:
        """Of a type that is held back only those are started that are tried."""
        breaker = self.unwell.get(arrival.task_type)
        if breaker is not None:
            breaker.started(arrival)

    def ended(self, arrival: Arrival, end: End, now: int) -> Change | None:
        """Count the end of an attempt. Returns the change that it has caused, if any."""
        task_type = arrival.task_type
        breaker = self._breakers.get(task_type)
        if breaker is None:
            return None
        if type(end) is Done and breaker.state is State.CLOSED:  # as nearly always
            breaker.succeeded(now)
            return None
        if isinstance(end, Retry) and end.spared:
            changed = breaker.trip("its handler fails everything, and no more dead letters are written", now)
        else:
            changed = breaker.ended(arrival, _failed(end, tried=breaker.state is State.HALF_OPEN), now)
        return self._note(task_type, breaker) if changed else None

    def stuck(self, arrival: Arrival) -> None:
        """It has outlived its timeout."""
        breaker = self.unwell.get(arrival.task_type)
        if breaker is not None and breaker.stuck(arrival):
            self._note(arrival.task_type, breaker)

    def failing(self) -> dict[str, tuple[int, ...]]:
        """The numbers of the types that are not well, by topic; they travel with its commits."""
        found: dict[str, tuple[int, ...]] = {}
        for task_type in sorted(self.unwell):
            topic = self._topics.get(task_type, "")
            found[topic] = (*found.get(topic, ()), number_of(task_type))
        return found

    def named(self, topic: str, numbers: Collection[int]) -> list[str]:
        """The types of a topic that these numbers stand for."""
        return [each for each, home in self._topics.items() if home == topic and number_of(each) in numbers]

    def doubt(self, task_types: Iterable[str], why: str) -> list[str]:
        """Try a few of these types before anything else of them. Returns the types that this holds back."""
        doubted = [each for each in task_types if each in self._breakers and self._breakers[each].doubt(why)]
        for task_type in doubted:
            self._note(task_type, self._breakers[task_type])
        return doubted

    def _note(self, task_type: str, breaker: Breaker) -> Change:
        change = Change(task_type, breaker.state, breaker.reason)
        if breaker.state is State.CLOSED:
            del self.unwell[task_type]
        else:
            self.unwell[task_type] = breaker
        self.changes.append(change)
        return change


def number_of(task_type: str) -> int:
    """What stands for a type in the metadata of commits. Should two have the same, both are tried first: no harm."""
    return crc32(task_type.encode())


def _failed(end: End, *, tried: bool) -> bool | None:
    """Whether an attempt speaks against what its handler calls; ``None`` if it says nothing of that.

    Args:
        tried: few are tried now, to see whether that answers; who asks for time does.
    """
    if isinstance(end, Done):
        return False
    failure = end.failure if isinstance(end, Retry | Dead) else None
    if failure is None or failure.cause is Cause.INPUT:
        return None
    if failure.cause is Cause.ASKED:
        return False if tried else None
    return not failure.permanent

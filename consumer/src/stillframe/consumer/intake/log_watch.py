"""Where the logs begin and end, and whether they are still the same logs: asked of the broker now and then.

A client that receives nothing cannot tell an empty log from one that it cannot read, its own lag statistics
freeze while a partition is paused, and it does not notice that a topic was deleted and made anew: it reads
on from where it stood, past every new task below (measured on Apache Kafka 4.2).

Asked through an admin client, whose answers come from librdkafka's own thread: nothing here waits. Poll
thread only. Of what an admin client can ask, only questions to partition leaders are safe in a process that
must live: one to a coordinator aborts it when the connection breaks meanwhile (librdkafka's issue 4605).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # re-exported, but not for type checkers
    AdminClient,
    OffsetSpec,
)

from stillframe.consumer.events import Event, LogsMeasured
from stillframe.consumer.intake.assignment import Assignment
from stillframe.consumer.intake.partition import LogBounds, Partition

#: Seconds between two looks at most, and until an unanswered one is given up.
EVERY: Final = 10.0
TIMEOUT: Final = 10.0

EARLIEST: Final[OffsetSpec] = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
LATEST: Final[OffsetSpec] = OffsetSpec.latest()  # type: ignore[no-untyped-call]

MISSING: Final = frozenset({KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC})

FORBIDDEN: Final = frozenset({KafkaError.TOPIC_AUTHORIZATION_FAILED})

Futures = Mapping[Any, Future[Any]]


@dataclass(frozen=True, slots=True)
class Look:
    """One look that is under way."""

    partitions: Sequence[Partition]
    starts: Futures
    ends: Futures
    topics: Futures

    @property
    def done(self) -> bool:
        return all(future.done() for each in (self.starts, self.ends, self.topics) for future in each.values())


class LogWatch:
    """Looks at the logs of the owned partitions.

    Args:
        every: seconds between two looks.
    """

    def __init__(
        self, admin: AdminClient, assignment: Assignment, emit: Callable[[Event], None], *, every: float = EVERY
    ) -> None:
        self._admin: AdminClient | None = admin
        self._assignment = assignment
        self._emit = emit
        self._every = every
        self._due = 0.0
        self._look: Look | None = None

    def hurry(self) -> None:
        """Something is strange: look again as soon as may be."""
        self._due = 0.0

    def tick(self, now: float) -> Mapping[Partition, LogBounds]:
        """Take the answers that have come, and ask anew when it is time.

        Returns:
            what is known from a look that has just ended, of partitions that are still owned; of one whose
            topic has another id than before only once both of its bounds are certainly the new log's.
        """
        answered: Mapping[Partition, LogBounds] = {}
        if self._look is not None and self._look.done:
            look, self._look = self._look, None
            answered = self._answers(look)
        if self._look is None and now >= self._due:
            self._due = now + self._every
            self._look = self._ask()
        return answered

    def close(self) -> None:
        """Ask no more, and let the client go in a thread beside: with a question under way to a broker that is
        gone librdkafka takes seconds for it (measured), and a stop has none to spare.
        """
        last = [self._admin]
        self._admin = self._look = None
        threading.Thread(target=last.clear, name="stillframe-close-watch", daemon=True).start()

    def _ask(self) -> Look | None:
        if self._admin is None:
            return None
        partitions = list(self._assignment)
        places = [TopicPartition(each.topic, each.number) for each in partitions]
        topics = TopicCollection(self._assignment.topics)
        try:
            starts = (
                self._admin.list_offsets(dict.fromkeys(places, EARLIEST), request_timeout=TIMEOUT) if places else {}
            )
            ends = self._admin.list_offsets(dict.fromkeys(places, LATEST), request_timeout=TIMEOUT) if places else {}
            return Look(partitions, starts, ends, self._admin.describe_topics(topics, request_timeout=TIMEOUT))
        except KafkaException:  # the client could not even ask; the next look will
            return None

    def _answers(self, look: Look) -> Mapping[Partition, LogBounds]:
        starts, ends = _offsets(look.starts), _offsets(look.ends)
        changed = self._learn(look.topics)
        bounds = {
            each: LogBounds(starts[place], ends[place])
            for each in look.partitions
            if each.owned and (place := (each.topic, each.number)) in starts and place in ends
            if each.topic not in changed
        }
        answered = any(map(_is_answered, look.topics.values()))
        missing, forbidden = _topics(look, MISSING), _topics(look, FORBIDDEN)
        self._emit(LogsMeasured(bounds, missing, forbidden, answered))
        return bounds

    def _learn(self, topics: Futures) -> Collection[str]:
        """Note the topics' ids; returns those that have changed since the look was asked for."""
        found = {topic: str(future.result().topic_id) for topic, future in topics.items() if not future.exception()}
        known = self._assignment.topic_ids
        changed = {topic for topic, identity in found.items() if known.get(topic, identity) != identity}
        known.update(found)
        if changed:
            self.hurry()  # the offsets of this look may still be the old log's
        return changed


def _topics(look: Look, codes: Collection[int]) -> tuple[str, ...]:
    """The topics of which nothing but one of these errors was told."""
    return tuple(topic for topic, future in look.topics.items() if _code(future) in codes)


def _is_answered(future: Future[Any]) -> bool:
    """Whether a broker has spoken, be it only to refuse; the client's own errors are below zero."""
    return not future.exception() or (_code(future) or 0) > 0


def _offsets(futures: Futures) -> dict[tuple[str, int], int]:
    return {
        (place.topic, place.partition): future.result().offset
        for place, future in futures.items()
        if not future.exception()
    }


def _code(future: Future[Any]) -> int | None:
    error = future.exception()
    return error.args[0].code() if isinstance(error, KafkaException) else None

"""Where a task is, told from the records that bear its id and from what its group has committed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from stillframe.consumer.operate.cluster import Place
from stillframe.consumer.operate.dead_letters import DeadLetter
from stillframe.consumer.operate.gone import Gone
from stillframe.consumer.operate.lag import PartitionLag, Role
from stillframe.consumer.operate.quantities import SECOND_MS, moment

#: A version 7 id is made just before its task is submitted, by a clock that may differ from others', and the
#: submission lasts at most as long as its deadlines.
CLOCKS_DIFFER: Final = 60 * SECOND_MS
SUBMITTING: Final = 900 * SECOND_MS
#: A clock further ahead cannot submit: brokers refuse its timestamps (message.timestamp.after.max.ms), unless they
#: are set to write their own.
FARTHEST_AHEAD: Final = 3_600 * SECOND_MS


@dataclass(frozen=True, slots=True)
class Sighting:
    """One record of the task.

    Attributes:
        letter: its headers; ``died_at`` is when it was written there, whatever the topic.
    """

    role: Role
    letter: DeadLetter

    @property
    def place(self) -> Place:
        return self.letter.record.topic, self.letter.record.partition

    @property
    def where(self) -> str:
        record = self.letter.record
        return f"{record.topic}:{record.partition}:{record.offset}"


class Made(NamedTuple):
    """When a task may have been submitted, in epoch milliseconds.

    Attributes:
        earliest: by the clock of who writes its records, if the clock that made its id was ahead of that. A broker
            may write its own time, and workers write theirs into the retry and dead-letter topics.
        since, until: most likely.
    """

    earliest: int
    since: int
    until: int


class State(StrEnum):
    """What a group has made of a task."""

    WAITING = "waiting"
    DELAYED = "delayed"
    DEAD = "dead"
    PURGED = "purged"
    SENT_BACK = "sent back"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Standings:
    """What a group has done of the partitions that the task was seen in.

    Attributes:
        lags: of the task topic and the retry topics.
        gone: of the dead-letter topic, by partition.
    """

    lags: Mapping[Place, PartitionLag]
    gone: Mapping[int, Gone]


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The answer.

    Attributes:
        told: the same in a sentence.
    """

    state: State
    told: str


def submitted_within(task_id: UUID) -> Made | None:
    """When it may have been submitted; ``None`` if its id does not tell."""
    if task_id.version != 7:
        return None
    made = task_id.int >> 80
    return Made(max(0, made - FARTHEST_AHEAD), max(0, made - CLOCKS_DIFFER), made + SUBMITTING)


def whereabouts(sightings: Iterable[Sighting], standings: Standings, now: int) -> Whereabouts:
    """Where a group has the task.

    The last of its records that has no outcome yet is where it is. One before it may be open as well: what
    was written on counts before it is committed.

    Args:
        sightings: in the topics of one family, at least one.
        now: epoch milliseconds.
    """
    in_order = sorted(sightings, key=lambda seen: seen.letter.died_at)
    still_open = [seen for seen in in_order if _is_open(seen, standings)]
    last = (still_open or in_order)[-1]
    if last.role is Role.DEAD_LETTERS:
        return _dead(last, standings, is_open=bool(still_open))
    if not still_open:
        return Whereabouts(State.DONE, f"it has an outcome, done or expired, as {last.where}, {_attempt(last)}")
    return _waiting(last, standings.lags[last.place], now)


def _is_open(seen: Sighting, standings: Standings) -> bool:
    offset = seen.letter.record.offset
    if seen.role is Role.DEAD_LETTERS:
        gone = standings.gone.get(seen.letter.record.partition) or Gone.nothing()
        return offset not in gone.redriven and offset not in gone.purged
    return not standings.lags[seen.place].is_done(offset)


def _dead(last: Sighting, standings: Standings, *, is_open: bool) -> Whereabouts:
    letter = last.letter
    state = State.DEAD
    told = f"dead as {last.where} since {moment(letter.died_at)}: {letter.state.error_type or 'no error is named'}"
    told += f" at attempt {letter.state.attempt}" + (f": {letter.error_message}" if letter.error_message else "")
    if not is_open:
        gone = standings.gone[letter.record.partition]
        state = State.PURGED if letter.record.offset in gone.purged else State.SENT_BACK
        after = "purged since" if state is State.PURGED else "sent back since, and nothing of that is in the topics"
        told = f"{told}; {after}"
    return Whereabouts(state, told)


def _waiting(last: Sighting, lag: PartitionLag, now: int) -> Whereabouts:
    offset, state = last.letter.record.offset, last.letter.state
    waits = () if lag.progress is None else lag.progress.waits
    wait = next((wait for wait in waits if wait.offset == offset), None)
    due = state.not_before if wait is None else wait.due
    attempt = state.attempt if wait is None else wait.attempt
    error = f", after {state.error_type}" if state.error_type and last.role is Role.RETRY else ""
    if due is not None and due > now:
        return Whereabouts(State.DELAYED, f"waits as {last.where} until {moment(due)} for attempt {attempt}{error}")
    before = max(0, offset - lag.position - _done_before(offset, lag))
    told = f"waits or runs as {last.where}, attempt {attempt}{error}; {before:,} offsets before it have no outcome"
    return Whereabouts(State.WAITING, told)


def _done_before(offset: int, lag: PartitionLag) -> int:
    runs = () if lag.progress is None else lag.progress.runs
    return sum(max(0, min(end, offset) - max(start, lag.position)) for start, end in runs)


def _attempt(seen: Sighting) -> str:
    attempt = seen.letter.state.attempt
    return f"attempt {attempt} or later" if seen.role is Role.RETRY else "in its first delivery"

"""From the arguments of ``submit`` to a task on the wire: no Kafka, and no clock but the given ``now``."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import EllipsisType
from typing import Any, Final, Generic, TypedDict
from uuid import UUID

from stillframe.producer.durability import Durability
from stillframe.producer.settings import ProducerSettings
from stillframe.producer.settings.faults import nearest
from stillframe.schemas.errors import EncodeError
from stillframe.schemas.frozen import frozen
from stillframe.schemas.identity import parse_task_id, uuid7
from stillframe.schemas.snapshot import Snapshot
from stillframe.schemas.task import Task
from stillframe.schemas.task_type import Key, P, TaskType, encode_key
from stillframe.schemas.wire import Encoded, encode

#: The farthest due time: workers dead-letter what is due later still.
MAX_DELAY: Final = timedelta(days=30)


class ManyOptions(TypedDict, total=False):
    """What ``submit_many`` takes beside the payloads; it holds for each of them.

    Attributes:
        snapshot: the frozen request that the task comes from.
        key: the ordering key, instead of the task type's; ``None`` gives up order.
        delay: start no sooner than after this: seconds or a timedelta, at most 30 days.
        not_before: start no sooner than at this moment, with a time zone, at most 30 days ahead.
        expires_at: a worker that comes to it later skips it; with a time zone.
        durability: instead of the settings'.
        timeout: seconds that bound the whole call, instead of ``queue_timeout`` for a place in the
            queue and then ``delivery_timeout`` for the report.
    """

    snapshot: Snapshot | None
    key: Key | EllipsisType
    delay: float | timedelta | None
    not_before: datetime | None
    expires_at: datetime | None
    durability: Durability | None
    timeout: float | None


class SubmitOptions(ManyOptions, total=False):
    """What ``submit`` takes beside the payload.

    Attributes:
        task_id: a UUID of the caller's own. Submitting under it again may run the handler again.
    """

    task_id: str | UUID | None


@frozen
class Submission(Generic[P]):
    """A task on the wire, and where it is to go."""

    task: Task[P]
    task_id: str
    topic: str
    wire: Encoded


def prepare(
    task_type: TaskType[P], payload: P, options: SubmitOptions, *, settings: ProducerSettings, now: datetime
) -> Submission[P]:
    """Check the arguments and put the task on the wire.

    Raises:
        EncodeError: the payload is not of the type's model or has no JSON form, or a time is impossible.
        PayloadTooLarge: the task exceeds ``max_task_bytes``.
        DefinitionError: the task id is no UUID, or the key neither text, bytes nor None.
    """
    if not isinstance(payload, task_type.payload):
        model = task_type.payload.__name__
        raise EncodeError(
            f"{task_type.name} takes a payload of {model}, not {type(payload).__name__}: build one with {model}(…)"
        )
    task_id = options.get("task_id")
    key = options.get("key", ...)
    due = _due(now, options.get("delay"), options.get("not_before"))
    task = Task(
        id=uuid7() if task_id is None else parse_task_id(task_id),
        type=task_type.name,
        payload=payload,
        created_at=now,
        key=task_type.key_of(payload) if key is ... else encode_key(key, task_type.name),
        snapshot=options.get("snapshot"),
        not_before=due,
        expires_at=_expiry(due or now, options.get("expires_at")),
    )
    wire = encode(task, source=settings.service, max_bytes=settings.max_task_bytes)
    return Submission(task, str(task.id), task_type.topic, wire)


def check_options(given: ManyOptions, known: type[ManyOptions]) -> None:
    """Refuse options that do not exist, as a signature would.

    Raises:
        TypeError: names the option and the nearest one that exists.
    """
    names = known.__annotations__
    for name in given:
        if name not in names:
            raise TypeError(f"there is no option {name!r}; did you mean {nearest(name, names)}?")


def _due(now: datetime, delay: float | timedelta | None, not_before: datetime | None) -> datetime | None:
    if delay is not None and not_before is not None:
        raise EncodeError("delay and not_before say the same in two ways: give one of them")
    if delay is not None:
        return now + timedelta(seconds=_seconds(delay))
    if not_before is not None and _aware("not_before", not_before) - now > MAX_DELAY:
        raise EncodeError(
            f"not_before, {not_before.isoformat()}, is more than {MAX_DELAY.days} days ahead: "
            "give an earlier moment, or submit the task later"
        )
    return not_before


def _seconds(delay: Any) -> float:
    seconds = delay.total_seconds() if isinstance(delay, timedelta) else delay
    most = f"{MAX_DELAY.days} days"
    if not isinstance(seconds, int | float):
        raise EncodeError(f"delay is of type {type(delay).__name__}: give seconds or a timedelta, from 0 to {most}")
    if not 0 <= seconds <= MAX_DELAY.total_seconds():
        shape = "negative" if seconds < 0 else f"longer than {most}" if seconds > 0 else "NaN"
        raise EncodeError(f"delay is {shape}: give seconds or a timedelta, from 0 to {most}")
    return seconds


def _expiry(earliest: datetime, expires_at: datetime | None) -> datetime | None:
    if expires_at is not None and _aware("expires_at", expires_at) <= earliest:
        raise EncodeError(
            f"expires_at, {expires_at.isoformat()}, is not after the earliest start, {earliest.isoformat()}: "
            "the task would never run; let it expire later, or start sooner"
        )
    return expires_at


def _aware(name: str, moment: Any) -> datetime:
    if isinstance(moment, datetime) and moment.utcoffset() is not None:
        return moment
    shape = "without a time zone" if isinstance(moment, datetime) else f"of type {type(moment).__name__}"
    raise EncodeError(
        f"{name} is {shape}: give a datetime with a time zone, such as datetime.now(UTC) + timedelta(hours=1)"
    )

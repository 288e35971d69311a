"""Each event as a log line: its level, its name and its fields. Pure.

Promise I10: no payload, no key, no header value ever; an error is told as
:class:`~stillframe.consumer.outcome.classify.Failure` tells it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from stillframe.consumer.events import (
    AttemptEnded,
    AttemptStarted,
    AttemptTimedOut,
    CircuitBreakerChanged,
    ClientTrouble,
    CommitFailed,
    Committed,
    CrashFound,
    DeadLettersResumed,
    DeadLettersStopped,
    Draining,
    Event,
    EventLoopBlocked,
    GraceOver,
    HandedOff,
    HandlerCrashed,
    HandOffFailed,
    LogsMeasured,
    MembershipDoubted,
    MembershipProved,
    PartitionPaused,
    PartitionResumed,
    PartitionsAssigned,
    PartitionsLost,
    PartitionsRevoked,
    PartitionStopped,
    SuspectIsolated,
    SuspectMarked,
    TaskCondemned,
    Turned,
    Warned,
    WorkerStarted,
    WorkerStopped,
)
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.intake.partition import Partition
from stillframe.consumer.outcome.breaker import State
from stillframe.consumer.outcome.classify import Failure
from stillframe.consumer.outcome.end import Dead, Done, End, Retry, Skipped
from stillframe.schemas.headers import CE_ID, moment


class Line(NamedTuple):
    level: str
    name: str
    fields: dict[str, Any]


def line_of(event: Event) -> Line:
    """What to log of an event."""
    return LINES[type(event)](event)


def _started(event: AttemptStarted) -> Line:
    return Line("info", "consume_start", _task(event) | _place(event.arrival))


def _ended(event: AttemptEnded) -> Line:
    level, status, fields = _end(event.end)
    duration = {"duration_ms": round(event.seconds * 1_000, 3), "status": status}
    return Line(level, "consume_end", _task(event) | duration | _place(event.arrival) | fields)


def _end(end: End) -> tuple[str, str, dict[str, Any]]:
    match end:
        case Done():
            return "info", "done", {}
        case Retry(due, failure):
            when = moment(due)
            fields = {"due": None if when is None else when.isoformat(timespec="milliseconds")}
            return "info" if failure is None else "warning", "retry", fields | _failure(failure)
        case Dead(failure):
            return "error", "dead", _failure(failure)
        case Skipped():
            return "warning", "skipped", {"why": "it had expired"}


def _failure(failure: Failure | None) -> dict[str, Any]:
    if failure is None:
        return {}
    return {
        "error_type": failure.type,
        "error_place": failure.place,
        "error_message": failure.message,
        "permanent": failure.permanent,
    }


def _task(event: AttemptStarted | AttemptEnded) -> dict[str, Any]:
    # A record that could not be decoded has neither.
    return {"msg_id": event.task_id or None, "task_type": event.task_type or None}


def _place(arrival: Arrival) -> dict[str, Any]:
    record = arrival.record
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "attempt": arrival.state.attempt,
    }


def _unfinished(arrivals: Sequence[Arrival]) -> list[dict[str, Any]]:
    return [_place(arrival) | {"msg_id": _id(arrival)} for arrival in arrivals]


def _id(arrival: Arrival) -> str | None:
    context = arrival.context  # may be taken away by the thread that runs it, at any moment
    return _id_in_header(arrival) if context is None else context.task_id


def _id_in_header(arrival: Arrival) -> str | None:
    """Of a task that is not running: the header may say anything, and only an id is told."""
    try:
        return str(UUID((arrival.record.header(CE_ID) or b"").decode()))
    except ValueError:
        return None


def _names(partitions: Iterable[Partition]) -> list[str]:
    return [str(partition) for partition in partitions]


def _one(partition: Partition) -> dict[str, Any]:
    return {"topic": partition.topic, "partition": partition.number}


def _revoked(event: PartitionsRevoked) -> Line:
    return _left("partitions_revoked", event, partitions=_names(event.partitions))


def _stopped(event: WorkerStopped) -> Line:
    return _left("worker_stopped", event)


def _grace_over(event: GraceOver) -> Line:
    return _left("grace_over", event)


def _left(name: str, event: PartitionsRevoked | WorkerStopped | GraceOver, **fields: Any) -> Line:
    """With what is left without an outcome: a warning, if anything is."""
    unfinished, unwritten = _unfinished(event.unfinished), _unfinished(event.unwritten)
    level = "warning" if unfinished or unwritten else "info"
    return Line(level, name, fields | {"unfinished": unfinished, "unwritten": unwritten})


def _handed_off(event: HandedOff) -> Line:
    _, status, _ = _end(event.end)
    return Line("info", "handed_off", _place(event.arrival) | {"status": status, "to_topic": event.topic})


def _handoff_failed(event: HandOffFailed) -> Line:
    return Line("error", "handoff_failed", _place(event.arrival) | {"to_topic": event.topic, "error": event.error})


def _crashed(event: HandlerCrashed) -> Line:
    fields = {"msg_id": _id(event.arrival), "error_type": event.error_type}
    return Line("critical", "handler_crashed", fields | _place(event.arrival))


def _crash_found(event: CrashFound) -> Line:
    fields = {"reason": event.reason, "crashes": event.crashes, "suspects": event.suspects, "wait": event.wait}
    return Line("error", "crash_found", fields)


def _marked(event: SuspectMarked) -> Line:
    place = {"topic": event.topic, "partition": event.number, "offset": event.offset}
    return Line("warning", "suspect_marked", place | {"crashes": event.crashes, "alone": event.alone})


def _timed_out(event: AttemptTimedOut) -> Line:
    return Line("warning", "attempt_timed_out", {"msg_id": _id(event.arrival)} | _place(event.arrival))


def _blocked(event: EventLoopBlocked) -> Line:
    fields = {"place": event.place, "seconds": round(event.seconds, 3)}
    place = {} if event.arrival is None else {"msg_id": _id(event.arrival)} | _place(event.arrival)
    return Line("warning", "event_loop_blocked", fields | place)


def _circuit(event: CircuitBreakerChanged) -> Line:
    level = "error" if event.state is State.OPEN else "info"
    fields = {"task_type": event.task_type, "state": str(event.state), "reason": event.reason}
    return Line(level, "circuit_breaker_changed", fields)


def _no_more_dead_letters(event: DeadLettersStopped) -> Line:
    return Line("error", "dead_letters_stopped", {"task_type": event.task_type, "written": event.written})


#: One entry for every event in the catalogue.
LINES: Final[dict[type, Callable[[Any], Line]]] = {
    Warned: lambda e: Line("warning", "warned", {"text": e.text}),
    WorkerStarted: lambda e: Line("info", "worker_started", {"topics": list(e.topics)}),
    CrashFound: _crash_found,
    SuspectMarked: _marked,
    PartitionsAssigned: lambda e: Line("info", "partitions_assigned", {"partitions": _names(e.partitions)}),
    PartitionsRevoked: _revoked,
    PartitionsLost: lambda e: Line("warning", "partitions_lost", {"partitions": _names(e.partitions)}),
    MembershipDoubted: lambda e: Line("warning", "membership_doubted", {"poll_thread_silent_s": round(e.seconds, 3)}),
    MembershipProved: lambda _: Line("info", "membership_proved", {}),
    PartitionPaused: lambda e: Line("info", "partition_paused", _one(e.partition) | {"reason": e.reason}),
    PartitionResumed: lambda e: Line("info", "partition_resumed", _one(e.partition)),
    PartitionStopped: lambda e: Line("error", "partition_stopped", _one(e.partition) | {"reason": e.reason}),
    LogsMeasured: lambda e: Line("debug", "logs_measured", {"partitions": len(e.logs), "missing": list(e.missing)}),
    AttemptStarted: _started,
    AttemptEnded: _ended,
    AttemptTimedOut: _timed_out,
    CircuitBreakerChanged: _circuit,
    DeadLettersStopped: _no_more_dead_letters,
    DeadLettersResumed: lambda e: Line("info", "dead_letters_resumed", {"task_type": e.task_type}),
    EventLoopBlocked: _blocked,
    HandlerCrashed: _crashed,
    SuspectIsolated: lambda e: Line("warning", "suspect_isolated", _place(e.arrival)),
    TaskCondemned: lambda e: Line("error", "task_condemned", _place(e.arrival)),
    HandedOff: _handed_off,
    HandOffFailed: _handoff_failed,
    Committed: lambda e: Line("debug", "committed", {"partitions": _names(e.partitions)}),
    CommitFailed: lambda e: Line("warning", "commit_failed", {"error": e.error}),
    ClientTrouble: lambda e: Line("warning", "client_trouble", {"error": e.error, "detail": e.detail}),
    Turned: lambda e: Line("debug", "turned", {"running": e.running, "queued": e.queued, "waiting": e.waiting}),
    Draining: lambda e: Line("info", "draining", {"reason": e.reason}),
    GraceOver: _grace_over,
    WorkerStopped: _stopped,
}

"""A dead letter described: for a program as it is, for people as the rows of `dlq show`."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from typing import Any, Final
from uuid import UUID

import orjson

from stillframe.consumer.operate.dead_letters import DeadLetter
from stillframe.consumer.operate.foreign import System
from stillframe.consumer.operate.outline import outline
from stillframe.consumer.operate.quantities import moment
from stillframe.consumer.operate.source import Source
from stillframe.schemas import DecodeError, decode
from stillframe.schemas.headers import LATEST_MS

NO_COPY: Final = "holds no copy of what died: that lies at its origin, from where a redrive takes it"


def described(source: Source, dead: DeadLetter, hops: Sequence[DeadLetter], *, reveal: bool) -> dict[str, Any]:
    """Everything there is to say of a dead letter; content only if it is to be revealed.

    Args:
        hops: its records in retry topics.
    """
    record, state, origin = dead.record, dead.state, dead.state.origin
    return {
        "task_id": dead.task_id,
        "task_type": dead.task_type,
        "system": dead.system,
        "group": dead.group or source.group,
        "trace_id": dead.trace_id,
        "dead_letter_topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "died_at": moment(dead.died_at),
        "attempts": state.attempt,
        "first_failed_at": moment(state.first_failed_at),
        "error_type": state.error_type,
        "error_message": dead.error_message,
        "origin": origin and f"{origin.topic}:{origin.partition}:{origin.offset}",
        "replayed": dead.replayed,
        **_content(dead, reveal=reveal),
        "history": [{"at": moment(at), "what": what} for at, what in sorted(_history(dead, hops))],
        "redrive": f"stillframe dlq redrive {dead.position} {source.options}",
    }


def _history(dead: DeadLetter, hops: Sequence[DeadLetter]) -> Iterator[tuple[int, str]]:
    """What is known of its life, with the time of each event in epoch milliseconds."""
    state = dead.state
    for made in (name.int >> 80 for name in dead.names if isinstance(name, UUID) and name.version == 7):
        yield min(made, LATEST_MS), "submitted"
    if state.first_failed_at is not None:
        yield state.first_failed_at, "failed for the first time"
    for replay in dead.replays:
        yield replay.at, f"sent back by {replay.by}"
    for hop in hops:
        waits = f"waits in {hop.record.topic} until {moment(hop.state.not_before)} for attempt {hop.state.attempt}"
        failed = f"{hop.state.error_type}: {hop.error_message}; " if hop.state.error_type else ""
        yield hop.died_at, f"{failed}{waits}"
    message = f": {dead.error_message}" if dead.error_message else ""
    yield dead.died_at, f"died at attempt {state.attempt} of {state.error_type or 'no error that is named'}{message}"


def _content(dead: DeadLetter, *, reveal: bool) -> dict[str, Any]:
    record = dead.record
    value = record.value or b""
    problem, snapshot, payload = _decoded(dead)
    return {
        "problem": problem,
        "snapshot": snapshot,
        "payload": outline(payload),
        "key_bytes": None if record.key is None else len(record.key),
        "key": _text(record.key) if reveal else None,
        "value_bytes": len(value),
        "value": _json(value) if reveal else None,
        "value_base64": base64.b64encode(value).decode() if reveal and _json(value) is None else None,
        "headers": [
            {"name": name, "bytes": len(content or b""), "value": _text(content) if reveal else None}
            for name, content in record.headers
        ],
    }


def _decoded(dead: DeadLetter) -> tuple[str | None, str | None, Any]:
    """Why the value is no task, if it is none; its snapshot as far as it may be shown; and its payload."""
    value = dead.record.value or b""
    if dead.system is not System.STILLFRAME:
        return None if dead.is_copy else NO_COPY, None, _json(value)
    try:
        task = decode(dead.record, max_bytes=max(1, len(value)))
    except DecodeError as error:
        return f"{type(error).__name__}: {error}", None, None
    payload = orjson.loads(value)["payload"]
    return None, None if task.snapshot is None else repr(task.snapshot), payload


def _json(value: bytes) -> Any:
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return None


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else raw.decode(errors="backslashreplace")

"""Records that are no tasks: by name, the rules they break, what they are about, value and headers."""

from typing import Any, Final

import orjson

from stillframe.schemas.record import RecordHeaders
from tests.generated.vectors_valid import ID, anything, nested, snapshot, task

Invalid = tuple[list[str], str, bytes | None, RecordHeaders]


def value(**changes: Any) -> bytes:
    """The value of a task with changes; ``...`` takes a field away."""
    return _written(task() | changes)


def any_value(**changes: Any) -> bytes:
    return _written(anything() | changes)


def headers(**changes: str) -> RecordHeaders:
    whole = {"ce_id": ID, "ce_type": "send_email"} | changes
    return tuple((name, text.encode()) for name, text in whole.items())


def _written(fields: dict[str, Any]) -> bytes:
    kept = {name: each for name, each in fields.items() if name not in {"key", "source"}}
    return orjson.dumps(_given({"schema": 1} | kept))


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in fields.items() if each is not ...}


def with_snapshot(**changes: Any) -> bytes:
    return value(snapshot=_given(snapshot(**changes)))


RAW: Final[dict[str, tuple[list[str], str, bytes | None]]] = {
    "no-value": (["V1"], "A tombstone.", None),
    "empty-value": (["V1"], "No bytes.", b""),
    "not-json": (["V1"], "Text that is no JSON.", b"hello"),
    "not-an-object": (["V1"], "JSON, and no object.", b"[]"),
    "two-objects": (["V1"], "An object and something after it.", value() + value()),
    "byte-order-mark": (["V1"], "UTF-8 with a byte order mark.", b"\xef\xbb\xbf" + value()),
    "not-utf-8": (["V1"], "Text in Latin-1.", value(payload={"to": "a", "subject": "?"}).replace(b"?", b"\xe9")),
    "lone-surrogate": (["V5"], "Half of a character.",
                       value(payload={"to": "a", "subject": "?"}).replace(b"?", rb"\ud83d")),
    "too-deep": (["V3"], "65 levels of objects and arrays.", any_value(payload={"a": nested(63)})),
    "version-2": (["V6"], "A version that this release does not know.", value(schema=2)),
    "version-as-text": (["V6"], "A version that is no number.", value(schema="1")),
    "no-version": (["V6"], "No version.", value(schema=...)),
    "no-id": (["V7"], "No id.", value(id=...)),
    "id-is-no-uuid": (["V7"], "An id of another kind.", value(id="42")),
    "no-type": (["V8"], "No type.", value(type=...)),
    "type-with-a-space": (["V8"], "A name with a character that names do not have.", value(type="send email")),
    "unknown-type": (["V8"], "A type that no handler of this worker is for.", value(type="sell_email")),
    "no-created-at": (["V9"], "No time of submission.", value(created_at=...)),
    "no-time-zone": (["V9"], "A time without its zone.", value(created_at="2026-01-02T12:00:00")),
    "due-in-the-year-9999": (["V10"], "Due in more than 30 days.", value(not_before="9999-12-31T23:59:59Z")),
    "no-payload": (["V12"], "No payload.", value(payload=...)),
    "payload-is-null": (["V12"], "A payload that is no object.", value(payload=None)),
    "payload-does-not-fit": (["V12"], "A payload without a field that its type's model wants.",
                             value(payload={"to": "ada@example.com"})),
    "snapshot-without-method": (["S1"], "A snapshot without a field that each one has.", with_snapshot(method=...)),
    "query-is-an-object": (["S2"], "Parameters in an object, which cannot repeat a name.",
                           with_snapshot(query={"a": "1"})),
    "header-without-value": (["S2"], "A name alone in the place of a pair.", with_snapshot(headers=[["accept"]])),
    "number-of-65-bits": (["S3"], "A number in a context that not every reader can hold.",
                          with_snapshot(context={"n": 0}).replace(b'"n":0', b'"n":18446744073709551616')),
    "not-a-number": (["S3"], "NaN is no JSON.",
                     with_snapshot(context={"n": 0}).replace(b'"n":0', b'"n":NaN')),
    "body-is-no-base64": (["S4"], "A body as text.", with_snapshot(body="hello, world")),
}  # fmt: skip

INVALID: Final[dict[str, Invalid]] = {
    **{name: (rules, about, raw, ()) for name, (rules, about, raw) in RAW.items()},
    "another-id-in-the-header": (["H2"], "ce_id is not the id in the value.", value(),
                                 headers(ce_id="019b7e7a-3e00-7000-8000-000000000002")),
    "id-in-capitals-in-the-header": (["H2"], "The same id, spelled otherwise.", value(), headers(ce_id=ID.upper())),
    "another-type-in-the-header": (["H2"], "ce_type is not the type in the value.", any_value(), headers()),
    "unknown-type-in-the-header": (["H2"], "ce_type is one that no handler of this worker is for.", value(),
                                   headers(ce_type="sell_email")),
}  # fmt: skip

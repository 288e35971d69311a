"""Tasks that any producer must be able to write: by name, the rules they show, what they are about, and the task."""

from typing import Any, Final

ID: Final = "019b7e7a-3e00-7000-8000-000000000001"
NOON: Final = "2026-01-02T12:00:00Z"
LONGEST_TYPE: Final = ("Az09._-" + "x" * 128)[:128]
EMAIL: Final = {"to": "ada@example.com", "subject": "Hello"}

Valid = tuple[list[str], str, dict[str, Any]]


def task(**changes: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "source": "shop", "key": "ada@example.com", "id": ID, "type": "send_email", "created_at": NOON,
        "payload": EMAIL,
    }  # fmt: skip
    return whole | changes


def anything(**changes: Any) -> dict[str, Any]:
    return task(type="anything") | changes


def snapshot(**changes: Any) -> dict[str, Any]:
    return {"method": "POST", "path": "/emails", "received_at": NOON} | changes


def nested(levels: int) -> Any:
    """Arrays in arrays."""
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return value


WHOLE_SNAPSHOT: Final = snapshot(
    path="/shops/7/emails",
    route="/shops/{shop}/emails",
    path_params={"shop": "7"},
    query=[["a", "1"], ["b", ""], ["a", "ä"]],
    headers=[["content-type", "application/json"], ["accept-language", "de"], ["accept-language", "en"]],
    client="192.0.2.1",
    principal="ada",
    context={"tenant": {"plans": ["free"], "seats": 3}},
    body="+/8=",
)

VALID: Final[dict[str, Valid]] = {
    "minimal": (["P2", "H1", "V1", "V6"], "What every task has, and no more.", task()),
    "without-key": (["K2", "P3"], "No key: unordered, on any partition.", task(key=None)),
    "empty-key": (["K3"], "The empty key is a key: its tasks share a partition and an order.", task(key="")),
    "key-beyond-ascii": (["K1"], "A key of text is its UTF-8, as it is: not normalised, not folded.",
                         task(key="Ådé@example.com \U0001f600")),
    "key-of-one-byte": (["P2"], "Fewer bytes than a word of the hash.", task(key="a")),
    "key-of-two-bytes": (["P2"], "Fewer bytes than a word of the hash.", task(key="ab")),
    "key-of-three-bytes": (["P2"], "Fewer bytes than a word of the hash.", task(key="abc")),
    "key-of-a-word": (["P2"], "A word of the hash and nothing after it.", task(key="21ab")),
    "key-with-bytes-above-127": (["P2"], "Where bytes are signed, the hash must not extend the sign.",
                                 task(key="\u07ff\u00ff\u0080")),
    "fraction-of-a-second": (["V9"], "Microseconds are kept; ce_time is the same moment in the same form.",
                             task(created_at="2026-01-02T12:00:00.000120Z")),
    "not-before": (["V10"], "Starts no sooner than that; it was due long ago.",
                   task(not_before="2026-01-03T00:00:00Z", expires_at="9999-12-31T23:59:59Z")),
    "expired": (["V11"], "Nobody runs it any more: its handler is not called.",
                task(expires_at="2026-01-02T12:00:01Z")),
    "id-of-another-version": (["V7"], "An id that the submitter made of something else: here of version 5.",
                              task(id="886313e1-3b8a-5372-9b90-0c9aee199e5d")),
    "longest-type": (["V8"], "A name of 128 characters, of all kinds.", task(type=LONGEST_TYPE)),
    "numbers": (["V4"], "Integers of 64 bits, signed or not, and floating-point numbers.",
                anything(payload={"low": -(2**63), "high": 2**64 - 1, "half": 0.5, "tiny": 1e-300})),
    "text": (["V1", "V5"], "Text of any kind, control characters and what lies beyond 16 bits included.",
             anything(payload={"text": "<&>\u2028\u0000\t\"\\/ é \U0001f600", "": "a name may be empty"})),
    "deepest": (["V3"], "64 levels of objects and arrays: the value, its payload, and 62 below.",
                anything(payload={"a": nested(62)})),
    "empty-payload": (["V12"], "An object without names.", anything(payload={})),
    "unknown-fields": (["V13"], "Fields of a later release: a worker keeps them and does not mind.",
                       task(later={"a": [1, None]}, snapshot=snapshot(later=True))),
    "snapshot": (["S1", "S2", "S3", "S4"], "Everything that a snapshot may have.", task(snapshot=WHOLE_SNAPSHOT)),
    "snapshot-of-little": (["S1"], "What every snapshot has, and no more.", task(snapshot=snapshot())),
    "snapshot-with-empty-body": (["S4"], "A body of no bytes is not the same as none.",
                                 task(snapshot=snapshot(body=""))),
}  # fmt: skip

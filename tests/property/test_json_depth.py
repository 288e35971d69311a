"""depth() against a reference that reads one character after another."""

import json

from hypothesis import given
from hypothesis import strategies as st

from stillframe.schemas.wire import MAX_DEPTH, depth
from tests.property.wire_values import json_values


def reference(value: bytes) -> int:
    level = deepest = 0
    quoted = escaped = False
    for byte in value:
        if escaped:
            escaped = False
        elif quoted:
            escaped = byte == ord("\\")
            quoted = byte != ord('"')
        elif byte == ord('"'):
            quoted = True
        elif byte in b"[{":
            level += 1
            deepest = max(deepest, level)
        elif byte in b"]}":
            level -= 1
    return deepest


def agree(value: bytes) -> None:
    brackets = value.count(b"[") + value.count(b"{")
    assert depth(value) == (reference(value) if brackets > MAX_DEPTH else 0)
    assert (depth(value) > MAX_DEPTH) == (reference(value) > MAX_DEPTH)


pieces = st.sampled_from(
    [b"[", b"{", b"]", b"}", b'"', b"\\", b'\\"', b"[" * 30, b"]" * 10, b'"[[[["', b"a", b"\xff", b"\n"]
)


@given(st.lists(pieces, max_size=60).map(b"".join))
def test_any_bytes(value: bytes) -> None:
    """Brackets in and out of strings, escapes, unfinished strings: both count the same."""
    agree(value)


@given(json_values, st.integers(0, 100), st.booleans())
def test_any_json(value: object, levels: int, ascii_only: bool) -> None:
    """For JSON, wrapped in any number of levels, both count the same."""
    text = json.dumps(value, ensure_ascii=ascii_only).encode()
    agree(b"[" * levels + text + b"]" * levels)

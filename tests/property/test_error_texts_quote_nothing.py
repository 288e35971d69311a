"""Redaction (promise I10): no value of a task and no secret survives in what is written down of an error."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillframe.consumer.outcome.classify import describe
from stillframe.consumer.outcome.redact import LONGEST_LINE, MASK, redact
from stillframe.schemas import Record
from stillframe.schemas.headers import CONTROL, ERROR_MESSAGE_BYTES

#: No asterisk: a value that looks like a mask cannot be told from one.
texts = st.text(st.characters(codec="utf-8", exclude_characters="*"), max_size=12)
numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    texts | numbers | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=10,
)


def as_json(value: str) -> str:
    return orjson.dumps(value).decode()


quotes: st.SearchStrategy[Callable[[str], str]] = st.sampled_from([str, repr, as_json])
NOTHING = Record("t", None, None)


def leaves(value: Any) -> Iterator[str]:
    """Every text and number in a JSON value, and each key that could not be a field's name."""
    match value:
        case dict():
            yield from (name for name in value if not name.isidentifier())
            yield from (leaf for each in value.values() for leaf in leaves(each))
        case list():
            yield from (leaf for each in value for leaf in leaves(each))
        case bool() | None:
            pass
        case _:
            yield str(value)


@given(st.data(), st.dictionaries(texts, values, max_size=4), values, texts)
def test_no_value_of_the_task_survives(data: st.DataObject, payload: Any, snapshot: Any, key: str) -> None:
    """Whatever a handler's error quotes, in whatever quotes: payload, snapshot and key are masked."""
    known = [*leaves(payload), *leaves(snapshot), key]
    noise = data.draw(st.lists(st.sampled_from(known) | texts, max_size=6))
    message = "".join(data.draw(quotes)(part) for part in noise)
    body = orjson.dumps({"payload": payload, "snapshot": snapshot})
    failure = describe(ValueError(message), Record("t", key.encode(), body), permanent=False)
    for value in known:
        for line in value.splitlines():
            shown = CONTROL.sub(" ", line).strip()
            assert len(shown) < 3 or shown not in failure.message
    assert len(failure.message.encode()) <= ERROR_MESSAGE_BYTES


@given(
    st.sampled_from(["password", "API_KEY", "x-auth-token", "Set-Cookie", "clientSecret", "session_id"]),
    st.sampled_from(["{}={}", "{}: {}", '"{}": "{}"', "{!s} = '{}'", "https://host/?a=b&{}={}", "{}: Bearer {}"]),
    st.from_regex(r"[A-Za-z0-9_.!-]{6,20}", fullmatch=True),
    st.text(max_size=20),
)
def test_no_secret_survives(name: str, form: str, secret: str, around: str) -> None:
    """What gives itself away by its name is masked, in code, JSON, headers and URLs."""
    line = redact(f"{around} {form.format(name, secret)}", NOTHING)
    assert secret not in line.removeprefix(around)
    assert MASK in line


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("connect https://ada:hunter2@host/ failed", "connect https://ada:***@host/ failed"),
        ("Authorization: Basic YWRhOng= refused", "Authorization: *** *** refused"),
        ('password="two words" rejected', "password=*** rejected"),
        ("https://host/path?token=abc&page=2", "https://host/path?token=***&page=2"),
        ("the keyboard has 105 keys", "the keyboard has 105 keys"),
        ("status=500 in 3 s", "status=500 in 3 s"),
    ],
)
def test_what_is_masked_and_what_stays(line: str, shown: str) -> None:
    """A message stays useful: only the secret goes."""
    assert redact(line, NOTHING) == shown


def test_a_value_cut_in_half_does_not_show_its_half() -> None:
    """The line is cut to its limit after the masking, not before."""
    value = "0123456789" * 5
    record = Record("t", None, orjson.dumps({"payload": {"a": value}}))
    line = "x" * (ERROR_MESSAGE_BYTES - 8) + value
    assert "0123" not in redact(line, record)
    assert redact("y" * (LONGEST_LINE + 1), record) == f"(a line of {LONGEST_LINE + 1} characters)"


@pytest.mark.parametrize("unit", ["key-", "key", "a-", "auth-token-", "://a:", "bearer ", "key='", " ", "a="])
def test_no_text_takes_long(unit: str) -> None:
    """The text may come from outside: nothing in it makes a pattern go back and forth."""
    started = time.monotonic()
    redact(unit * (LONGEST_LINE // len(unit)), NOTHING)
    assert time.monotonic() - started < 0.5

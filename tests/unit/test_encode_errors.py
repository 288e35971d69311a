"""encode refuses, at the web, whatever the worker would refuse or JSON would silently change."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, SecretStr, field_serializer, model_serializer

from stillframe.schemas import (
    Encoded,
    EncodeError,
    FrozenMapping,
    PayloadTooLarge,
    StillframeError,
    Task,
    encode,
    uuid7,
)

CANARY = "canary-4711"


class Anything(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)
    number: float | None = None
    count: int = 0
    text: str = ""
    raw: bytes | None = None
    any: Any = None


class Secret(BaseModel):
    token: SecretStr


class OpenSecret(Secret):
    @field_serializer("token", when_used="json")
    def reveal(self, token: SecretStr) -> str:
        return token.get_secret_value()


class BareList(BaseModel):
    @model_serializer
    def listed(self) -> list[int]:
        return [1]


class Raising(BaseModel):
    text: str

    @field_serializer("text")
    def refuse(self, text: str) -> str:
        raise KeyError(text)


@dataclass
class Point:
    x: Any


def encoded(payload: Any, **options: Any) -> Encoded:
    return encode(Task(id=uuid7(), type="t", payload=payload, created_at=datetime.now(UTC)), **options)


def constructed(**wrong: Any) -> Anything:
    """A model that was not validated."""
    return Anything.model_construct(**wrong)


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


def endless() -> list[Any]:
    value: list[Any] = [CANARY]
    value.append(value)
    return value


HIDING_PLACES: dict[str, Callable[[float], Any]] = {
    "a float field": lambda bad: Anything(number=bad),
    "a field of any type": lambda bad: Anything(any=bad),
    "a tuple in a list in a dict": lambda bad: Anything(any={CANARY: [1.0, (bad,)]}),
    "a set": lambda bad: Anything(any={bad}),
    "a dataclass": lambda bad: Anything(any=Point(bad)),
    "another model": lambda bad: Anything(any=Anything(number=bad)),
    "plain JSON": lambda bad: {"a": [bad]},
}


@pytest.mark.parametrize("place", HIDING_PLACES)
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_none_are_refused(place: str, bad: float) -> None:
    """JSON has no NaN or infinity, and a null in its place is another value: refused wherever it hides."""
    with pytest.raises(EncodeError, match=r"not finite|not a finite number") as refused:
        encoded(HIDING_PLACES[place](bad))
    assert CANARY not in str(refused.value)


UNFAITHFUL: dict[str, Any] = {
    "an integer beyond 64 bits": Anything(count=2**64),
    "a nested integer beyond 64 bits": Anything(any=[-(2**63) - 1]),
    "such an integer in plain JSON": {"count": 2**64},
    "lone surrogates": Anything(any={"a": "\ud800"}),
    "bytes that are not UTF-8": Anything(raw=b"\xff"),
    "an object": Anything(any=object()),
    "80 levels": Anything(any=nested(80)),
    "3000 levels": Anything(any=nested(3_000)),
    "a list that contains itself": Anything(any=endless()),
    "text in a number field": constructed(count=CANARY),
    "a serializer that raises": Raising(text=CANARY),
    "a model that becomes a list": BareList(),
    "a list": [1],
    "text": "text",
    "nothing": None,
    "a dataclass": Point(1),
    "a mapping with number keys": {1: "a"},
    "a mapping with an object": {"a": object()},
}


@pytest.mark.parametrize("kind", UNFAITHFUL)
def test_what_has_no_faithful_form_is_refused_unseen(kind: str) -> None:
    """Every such payload ends in EncodeError, which shows no content."""
    with pytest.raises(EncodeError) as refused:
        encoded(UNFAITHFUL[kind])
    assert CANARY not in str(refused.value)


def test_the_field_at_fault_is_named() -> None:
    """Declared names are shown, keys of a dict are not."""
    with pytest.raises(EncodeError, match=r"payload\.any\.\*\.0 is not a finite number"):
        encoded(Anything(any={"key": [math.nan]}))
    with pytest.raises(EncodeError, match=r"fields: count.*model_construct"):
        encoded(constructed(count="text"))


def test_a_secret_never_arrives_as_asterisks() -> None:
    """pydantic writes ``**********`` for a SecretStr: refused, unless the model says how to write it."""
    with pytest.raises(EncodeError, match=r"payload\.token is a secret that would arrive as asterisks"):
        encoded(Secret(token=SecretStr(CANARY)))
    assert CANARY.encode() in encoded(OpenSecret(token=SecretStr(CANARY))).value
    assert encoded(Anything(text="**********")).value


def test_a_frozen_payload_of_any_depth_is_bounded() -> None:
    """Frozen mappings built inside out may be deep: refused, not a stack overflow."""
    mapping = FrozenMapping()
    for _ in range(5_000):
        mapping = FrozenMapping({"a": mapping})
    with pytest.raises(EncodeError, match="deeper than 64"):
        encoded(mapping)


def test_the_size_limit_is_exact() -> None:
    """A value of exactly the limit passes; one byte more is PayloadTooLarge, with both numbers."""
    size = len(encoded(Anything(text="")).value)
    assert len(encoded(Anything(text="x" * 10), max_bytes=size + 10).value) == size + 10
    with pytest.raises(PayloadTooLarge) as refused:
        encoded(Anything(text="x" * 11), max_bytes=size + 10)
    assert (refused.value.size, refused.value.limit) == (size + 11, size + 10)
    assert isinstance(refused.value, StillframeError)


def test_too_large_survives_pickle() -> None:
    """The error crosses process borders with its numbers."""
    import pickle

    error = pickle.loads(pickle.dumps(PayloadTooLarge("body", size=2, limit=1)))
    assert (error.what, error.size, error.limit) == ("body", 2, 1)
    assert str(error) == "body is 2 bytes or more, the limit is 1"

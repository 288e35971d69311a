"""freeze, thaw and FrozenMapping: immutable to the leaves, and honest about what they cannot hold."""

import copy
import enum
import pickle
from collections import OrderedDict, namedtuple
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from stillframe.schemas import FrozenError, FrozenMapping, freeze, thaw


class Colour(str, enum.Enum):  # noqa: UP042 - its str() is its name, unlike StrEnum's
    RED = "red"


class Size(enum.IntEnum):
    SMALL = 1


class Loud(str):  # noqa: SLOT000 - it is to carry state
    """Text that carries state and lies about itself: what a plain copy must shed."""

    def __str__(self) -> str:
        return "another text"


Point = namedtuple("Point", "x y")  # noqa: PYI024 - an untyped one is what users have


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, None),
        (True, True),
        (0, 0),
        (-(2**63), -(2**63)),
        (2**64 - 1, 2**64 - 1),
        (1.5, 1.5),
        ("text", "text"),
        ([1, [2]], (1, (2,))),
        (Point(1, 2), (1, 2)),
        ({"a": [1]}, FrozenMapping({"a": (1,)})),
        (OrderedDict(a=1), FrozenMapping({"a": 1})),
        (Colour.RED, "red"),
        (Size.SMALL, 1),
        (Loud("itself"), "itself"),
    ],
)
def test_json_values_freeze_to_plain_ones(given: Any, expected: Any) -> None:
    """A frozen value is made of exact types only: no subclass, which might be mutable, gets in."""
    frozen = freeze(given)
    assert frozen == expected
    assert type(frozen) is type(expected)


@pytest.mark.parametrize(
    "value",
    [
        2**64,
        -(2**63) - 1,
        float("nan"),
        float("inf"),
        b"bytes",
        {1, 2},
        object(),
        {1: "a"},
        "\ud800",
        {"\udfff": 1},
    ],
)
def test_what_json_would_change_is_refused(value: Any) -> None:
    """Whatever would not come back from JSON unchanged is refused, at any depth, and never shown."""
    for nested in (value, [value], {"key": [value]}):
        with pytest.raises(FrozenError) as refused:
            freeze(nested)
        assert repr(value)[:8] not in str(refused.value)


def test_nesting_is_bounded() -> None:
    """64 levels freeze; more, or a list that contains itself, is refused instead of overflowing the stack."""
    deep: Any = "leaf"
    for _ in range(64):
        deep = [deep]
    assert thaw(freeze(deep)) == deep
    with pytest.raises(FrozenError, match="64 levels"):
        freeze([deep])
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(FrozenError, match="64 levels"):
        freeze(endless)


def test_the_caller_keeps_its_own() -> None:
    """Changing what was frozen, afterwards, changes nothing that is frozen."""
    inner = [1]
    mapping = {"list": inner}
    frozen = FrozenMapping(mapping)
    inner.append(2)
    mapping["more"] = []
    assert thaw(frozen) == {"list": [1]}
    thaw(frozen)["list"].append(3)
    assert thaw(frozen) == {"list": [1]}


def test_writing_says_why_not() -> None:
    """Every way to write raises FrozenError (a TypeError) that names the way out."""
    mapping: Any = FrozenMapping({"a": 1})

    def item() -> None:
        mapping["a"] = 2

    def delete() -> None:
        del mapping["a"]

    def attribute() -> None:
        mapping.a = 2

    for write in (item, delete, attribute):
        with pytest.raises(FrozenError, match=r"FrozenMapping is immutable.*dataclasses.replace"):
            write()
    assert mapping == {"a": 1}


def test_copies_and_pickles_are_equal_and_hash_alike() -> None:
    """A frozen mapping is itself when copied, and equal when pickled; the order of keys does not matter."""
    mapping = FrozenMapping({"a": [1, {"b": None}], "c": 1.0})
    assert copy.copy(mapping) is mapping
    assert copy.deepcopy(mapping) is mapping
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(mapping, protocol))
        assert again == mapping
        assert hash(again) == hash(mapping)
    assert hash(FrozenMapping({"a": 1, "b": 2})) == hash(FrozenMapping({"b": 2, "a": 1}))
    assert mapping != FrozenMapping({"a": 1})


def test_a_subclass_pickles_as_itself() -> None:
    """An application's own frozen mapping comes back as its own."""
    assert type(pickle.loads(pickle.dumps(Labels({"a": 1})))) is Labels


class Labels(FrozenMapping):
    __slots__ = ()


def test_a_mapping_is_asked_for_by_name() -> None:
    """What is not a mapping is refused by its type, with what was wanted."""
    wrong: Any = [("a", 1)]
    with pytest.raises(FrozenError, match="type list cannot be frozen: it must be a mapping"):
        FrozenMapping(wrong)


def test_repr_counts_and_shows_nothing() -> None:
    """Neither keys nor values, both of which a sender chose, appear in a repr."""
    assert repr(FrozenMapping({"secret-key": "secret-value"})) == "<FrozenMapping of 1 keys>"


def test_one_mapping_under_many_threads() -> None:
    """Sixteen threads that read and hash one mapping at once agree."""
    mapping = FrozenMapping({str(number): [number] for number in range(100)})
    with ThreadPoolExecutor(16) as pool:
        hashes = set(pool.map(lambda _: hash(mapping), range(200)))
    assert hashes == {hash(FrozenMapping(thaw(mapping)))}

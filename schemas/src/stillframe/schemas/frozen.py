"""Deep immutability: JSON values become tuples and frozen mappings, and writing to them says why not.

``types.MappingProxyType`` is no help here: it is a view on a dict that others may still change,
it has no hash and it does not pickle.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar, dataclass_transform

from stillframe.schemas.errors import EncodeError, FrozenError

T = TypeVar("T")

#: What :func:`freeze` returns: ``None | bool | int | float | str | tuple[Frozen, …] | FrozenMapping``.
Frozen = Any

#: How deep objects and arrays may nest, in a frozen value as on the wire.
MAX_DEPTH: Final = 64

#: orjson writes integers of 64 bits; a larger one would lose digits on its way through Kafka.
SMALLEST_INTEGER: Final = -(2**63)
LARGEST_INTEGER: Final = 2**64 - 1


def refuse_write(self: object, *_: object) -> NoReturn:
    """Stands in for every method that would write."""
    raise FrozenError(
        f"{type(self).__name__} is immutable: it describes a request that has already happened, "
        "and other threads may be reading it. Build a new one, for example with dataclasses.replace()"
    )


@dataclass_transform(frozen_default=True, kw_only_default=False)
def frozen(cls: type[T]) -> type[T]:
    """A slotted frozen dataclass whose refusals explain themselves (:class:`FrozenError`).

    A ``repr`` that the class wrote or inherited stays: the one of a dataclass would show every value.
    """
    made = dataclass(frozen=True, slots=True, repr=cls.__repr__ is object.__repr__)(cls)
    made.__setattr__ = refuse_write  # type: ignore[method-assign]
    made.__delattr__ = refuse_write  # type: ignore[method-assign]
    return made


class FrozenMapping(Mapping[str, Frozen]):
    """A JSON object that cannot change: hashable, picklable, equal to any mapping of the same frozen items.

    Its ``repr`` counts the keys, for they may be the sender's words as much as the values are.

    Raises:
        FrozenError: as :func:`freeze` does.
    """

    __slots__ = ("_hash", "_items")
    _items: dict[str, Frozen]
    _hash: int | None

    def __init__(self, items: Mapping[str, Any] = {}) -> None:
        object.__setattr__(self, "_items", _freeze_items(items, MAX_DEPTH))
        object.__setattr__(self, "_hash", None)

    def __getitem__(self, key: str) -> Frozen:
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        if self._hash is None:
            object.__setattr__(self, "_hash", hash(frozenset(self._items.items())))
        return self._hash  # type: ignore[return-value]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self._items)} keys>"

    def __reduce__(self) -> tuple[type[FrozenMapping], tuple[dict[str, Frozen]]]:
        return type(self), (self._items,)

    def __copy__(self) -> FrozenMapping:
        return self

    def __deepcopy__(self, _memo: object) -> FrozenMapping:
        return self

    __setattr__ = __delattr__ = refuse_write
    if not TYPE_CHECKING:  # a type checker is to see that there is no item assignment
        __setitem__ = __delitem__ = refuse_write


def freeze(value: Any) -> Frozen:
    """Return the deeply immutable twin of a JSON value.

    Lists and tuples become tuples, mappings become :class:`FrozenMapping`; ``str``, ``int`` of at most
    64 bits, finite ``float``, ``bool`` and ``None`` pass, subclasses of them as the plain value.

    Raises:
        FrozenError: the value would not come back from JSON unchanged, or nests deeper than
            :data:`MAX_DEPTH` levels. The type is named, not the value.
    """
    return _freeze(value, MAX_DEPTH)


def thaw(value: Frozen) -> Any:
    """Return the ordinary Python twin of a frozen value: lists and dicts, ready for JSON."""
    if isinstance(value, tuple):
        return [thaw(item) for item in value]
    if isinstance(value, FrozenMapping):
        return {key: thaw(item) for key, item in value.items()}
    return value


def frozen_mapping(value: Any) -> FrozenMapping:
    """A mapping, frozen; one that is frozen already is not copied."""
    return value if isinstance(value, FrozenMapping) else FrozenMapping(value)


def frozen_text(value: object, what: str) -> str:
    """Text as a plain ``str``: a subclass may be mutable, and the ``str()`` of an enum is its name.

    Raises:
        FrozenError: it is no text, or holds lone surrogates, which are not UTF-8. Names ``what`` it is.
    """
    if type(value) is str and value.isascii():
        return value
    if not isinstance(value, str):
        raise FrozenError(f"{what} of type {type(value).__name__} cannot be frozen: it must be text")
    text = str.__str__(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise FrozenError(f"{what} with lone surrogates is not UTF-8 and cannot be frozen") from None
    return text


def frozen_moment(value: datetime, what: str) -> datetime:
    """A moment in UTC: other offsets, some of them in seconds, would not survive RFC 3339.

    Raises:
        EncodeError: it has no time zone, or lies outside the years 1 to 9999 in UTC.
    """
    if value.tzinfo is UTC:
        return value
    if value.utcoffset() is None:
        raise EncodeError(f"{what} has no time zone: use datetime.now(UTC)")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise EncodeError(f"{what} lies outside the years 1 to 9999 in UTC") from None


def _freeze(value: Any, room: int) -> Frozen:
    match value:
        case None | bool() | FrozenMapping():
            return value
        case str():
            return frozen_text(value, "text")
        case int() if SMALLEST_INTEGER <= value <= LARGEST_INTEGER:
            return int(value)
        case float() if math.isfinite(value):
            return float(value)
        case list() | tuple() | Mapping() if room == 0:
            raise FrozenError(f"a value that nests deeper than {MAX_DEPTH} levels cannot be frozen")
        case list() | tuple():
            return tuple(_freeze(item, room - 1) for item in value)
        case Mapping():
            nested = FrozenMapping()
            object.__setattr__(nested, "_items", _freeze_items(value, room))
            return nested
        case int() | float():
            raise FrozenError(
                f"a number of type {type(value).__name__} beyond 64 bits or not finite has no JSON form: send text"
            )
        case _:
            raise FrozenError(
                f"a value of type {type(value).__name__} cannot be frozen: use JSON values (text, numbers, "
                "booleans, None, lists, and mappings with text keys)"
            )


def _freeze_items(items: Any, room: int) -> dict[str, Frozen]:
    if not isinstance(items, Mapping):
        raise FrozenError(f"a value of type {type(items).__name__} cannot be frozen: it must be a mapping")
    return {frozen_text(key, "a mapping key"): _freeze(value, room - 1) for key, value in items.items()}

"""Names with one or more values, in order: request headers and query parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

from stillframe.schemas.errors import FrozenError
from stillframe.schemas.frozen import frozen, frozen_text, refuse_write


@frozen
class Fields(Mapping[str, str]):
    """An immutable multi-mapping that keeps order and repeats.

    As a mapping it shows each name once, with its first value; :meth:`getall` has the rest and
    :attr:`pairs` the whole, as received. Its ``repr`` shows no value.

    Raises:
        FrozenError: a name or value is not text.
    """

    pairs: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """Take mutable arguments in as frozen copies: the caller keeps its own."""
        object.__setattr__(self, "pairs", tuple(_pair(pair) for pair in self.pairs))

    @classmethod
    def of(cls, pairs: Iterable[Iterable[str]] | Mapping[str, str]) -> Self:
        """From pairs in order, or from any mapping of names to values; one of this class is itself."""
        if type(pairs) is cls:
            return pairs
        given: Any = pairs
        match pairs:
            case Fields():
                given = pairs.pairs
            case Mapping():
                given = pairs.items()
        return cls(tuple(given))

    @staticmethod
    def fold(name: str) -> str:
        return name

    def getall(self, name: str) -> tuple[str, ...]:
        """Every value of ``name`` in the order received; empty if there is none."""
        folded = self.fold(name)
        return tuple(value for key, value in self.pairs if self.fold(key) == folded)

    def __getitem__(self, name: str) -> str:
        folded = self.fold(name)
        for key, value in self.pairs:
            if self.fold(key) == folded:
                return value
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(self.fold(name) for name, _ in self.pairs))

    def __len__(self) -> int:
        return len({self.fold(name) for name, _ in self.pairs})

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self)} names>"

    if not TYPE_CHECKING:  # a type checker is to see that there is no item assignment
        __setitem__ = __delitem__ = refuse_write


@frozen
class Query(Fields):
    """Query parameters; names are compared as they are. They are the client's words: ``repr`` counts them."""


@frozen
class Headers(Fields):
    """Request headers; names are compared without regard to case (RFC 9110 §5.1) and shown by ``repr``."""

    @staticmethod
    def fold(name: str) -> str:
        return name.lower()

    def __repr__(self) -> str:
        return f"<Headers {', '.join(map(repr, self)) or 'empty'}>"


def _pair(pair: Any) -> tuple[str, str]:
    if not (isinstance(pair, tuple | list) and len(pair) == 2):
        raise FrozenError(f"a {type(pair).__name__} is not a pair of a name and its value")
    return frozen_text(pair[0], "a name"), frozen_text(pair[1], "a value")

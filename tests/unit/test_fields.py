"""Headers and Query: order and repeats kept, names compared as their protocol says."""

import copy
import pickle
from typing import Any

import pytest

from stillframe.schemas import FrozenError, Headers, Query

PAIRS = (("Accept", "a"), ("X-Trace", "1"), ("accept", "b"), ("ACCEPT", "c"))


def test_header_names_ignore_case() -> None:
    """A lookup finds a header in any spelling; the first value counts, all are there, in order."""
    headers = Headers(PAIRS)
    assert headers["aCCEPT"] == "a"
    assert headers.get("x-trace") == "1"
    assert headers.getall("accept") == ("a", "b", "c")
    assert list(headers) == ["accept", "x-trace"]
    assert len(headers) == 2
    assert "Accept" in headers
    assert "cookie" not in headers


def test_query_names_are_as_they_are() -> None:
    """In a query ``a`` and ``A`` are two names."""
    query = Query((("a", "1"), ("A", "2"), ("a", "")))
    assert query["a"] == "1"
    assert query.getall("a") == ("1", "")
    assert query.getall("A") == ("2",)
    assert query.getall("b") == ()
    assert dict(query) == {"a": "1", "A": "2"}
    with pytest.raises(KeyError):
        query["b"]


def test_whatever_pairs_come_in_they_are_frozen() -> None:
    """Lists, tuples, generators, mappings and the other kind of fields all become tuples of pairs."""
    expected = (("a", "1"), ("b", "2"))
    given: Any = [["a", "1"], ["b", "2"]]
    assert Query(given).pairs == expected
    assert Query.of(given).pairs == expected
    assert Query.of(pair for pair in given).pairs == expected
    assert Query.of({"a": "1", "b": "2"}).pairs == expected
    assert Query.of(Headers(expected)).pairs == expected
    given[0][1] = "changed"
    assert hash(Query(expected)) == hash(Query.of([["a", "1"], ["b", "2"]]))


@pytest.mark.parametrize("pairs", [["ab"], [("a",)], [("a", "b", "c")], [("a", 1)], [(b"a", "b")], [("a", "\ud800")]])
def test_what_is_no_pair_of_texts_is_refused(pairs: Any) -> None:
    """Two letters are not a pair, and a number is not text: nothing is guessed."""
    with pytest.raises(FrozenError):
        Query.of(pairs)


def test_writing_says_why_not() -> None:
    """Items, attributes and deletions are refused with the reason."""
    headers: Any = Headers(PAIRS)
    with pytest.raises(FrozenError, match="Headers is immutable"):
        headers["accept"] = "z"
    with pytest.raises(FrozenError, match="Headers is immutable"):
        del headers["accept"]
    with pytest.raises(FrozenError, match="Headers is immutable"):
        headers.pairs = ()


def test_copies_and_pickles_are_equal() -> None:
    """Fields survive copy and pickle, equal and with the same hash."""
    headers = Headers(PAIRS)
    for again in (copy.copy(headers), copy.deepcopy(headers), pickle.loads(pickle.dumps(headers))):
        assert again == headers
        assert hash(again) == hash(headers)
    assert Headers() != Query()


def test_repr_shows_no_value() -> None:
    """Header names, which an allow-list let in, are shown; query names, the client's words, are counted."""
    assert repr(Headers(PAIRS)) == "<Headers 'accept', 'x-trace'>"
    assert repr(Headers()) == "<Headers empty>"
    assert repr(Query((("name", "value"),))) == "<Query of 1 names>"

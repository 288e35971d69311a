"""Headers and Query against a plain list of pairs."""

from hypothesis import given
from hypothesis import strategies as st

from stillframe.schemas import Headers, Query

names = st.text("abAB-_", min_size=1, max_size=3)
pairs = st.lists(st.tuples(names, st.text(max_size=3)), max_size=8)


@given(pairs, names)
def test_headers_ignore_case_and_keep_order_and_repeats(given_pairs: list[tuple[str, str]], name: str) -> None:
    """A lookup in any spelling finds every value in the order received, and the pairs stay as they came."""
    headers = Headers.of(given_pairs)
    expected = tuple(value for key, value in given_pairs if key.casefold() == name.casefold())
    for spelling in (name, name.upper(), name.lower(), name.swapcase()):
        assert headers.getall(spelling) == expected
        assert headers.get(spelling) == (expected[0] if expected else None)
        assert (spelling in headers) == bool(expected)
    assert list(headers.pairs) == given_pairs
    assert len(headers) == len(list(headers)) == len({key.lower() for key, _ in given_pairs})


@given(pairs, names)
def test_query_names_are_exact(given_pairs: list[tuple[str, str]], name: str) -> None:
    """A query distinguishes case, and is otherwise the same."""
    query = Query.of(given_pairs)
    expected = tuple(value for key, value in given_pairs if key == name)
    assert query.getall(name) == expected
    assert (name in query) == bool(expected)
    assert dict(query) == {key: query[key] for key, _ in given_pairs}

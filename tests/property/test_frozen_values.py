"""freeze and thaw, for any JSON value."""

import copy
import pickle
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stillframe.schemas import FrozenError, FrozenMapping, freeze, thaw
from tests.property.wire_values import json_objects, json_values, same


@given(json_values)
def test_thaw_undoes_freeze(value: Any) -> None:
    """What was frozen thaws to an equal value of the same types; freezing it again changes nothing."""
    frozen = freeze(value)
    assert same(thaw(frozen), value)
    assert freeze(frozen) == frozen
    assert hash(frozen) == hash(freeze(thaw(frozen)))


@given(json_objects)
def test_mappings_survive_copy_and_pickle(value: dict[str, Any]) -> None:
    """Copies and pickles are equal, hash alike and hold the same types."""
    frozen = FrozenMapping(value)
    for again in (copy.deepcopy(frozen), pickle.loads(pickle.dumps(frozen))):
        assert again == frozen
        assert hash(again) == hash(frozen)
        assert same(thaw(again), value)


anything = st.recursive(
    st.from_type(object).filter(lambda value: type(value).__hash__ is not None) | st.binary() | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.integers() | st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(anything)
def test_any_object_freezes_or_is_refused(value: Any) -> None:
    """There is no third way: the result is hashable and thaws, or the error is FrozenError."""
    try:
        frozen = freeze(value)
    except FrozenError:
        return
    hash(frozen)
    thaw(frozen)

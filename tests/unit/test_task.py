"""Task: one submission, and what its times and its repr say."""

import copy
import dataclasses
import pickle
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from stillframe.schemas import EncodeError, FrozenError, FrozenMapping, Task, uuid7

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def task(**changes: Any) -> Task[FrozenMapping]:
    parts: dict[str, Any] = {
        "id": uuid7(),
        "type": "t",
        "payload": FrozenMapping({"a": 1}),
        "created_at": NOON,
    }
    return Task(**parts | changes)


@pytest.mark.parametrize("field", ["created_at", "not_before", "expires_at"])
def test_every_time_needs_a_zone_and_is_kept_in_utc(field: str) -> None:
    """Naive times are refused by name; aware ones become UTC without changing the moment."""
    with pytest.raises(EncodeError, match=f"{field} has no time zone"):
        task(**{field: NOON.replace(tzinfo=None)})
    there = NOON.astimezone(timezone(timedelta(hours=-7)))
    assert getattr(task(**{field: there}), field) == NOON
    assert getattr(task(**{field: there}), field).tzinfo is UTC


def test_expiry_includes_its_moment() -> None:
    """A task has expired at its expiry and after, never before, and never without one."""
    assert task(expires_at=NOON).expired(NOON)
    assert not task(expires_at=NOON).expired(NOON - timedelta(microseconds=1))
    assert not task().expired(NOON)
    assert task(expires_at=NOON - timedelta(days=9_000)).expired()


def test_a_task_is_immutable_and_survives_copy_and_pickle() -> None:
    """Writing is refused; copies are equal and hash alike."""
    one = task(extra={"unknown": [1]})
    with pytest.raises(FrozenError):
        one.payload = FrozenMapping()  # type: ignore[misc]
    for again in (copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
        assert again == one
        assert hash(again) == hash(one)
    assert dataclasses.replace(one, key=b"k").key == b"k"


def test_repr_shows_no_payload() -> None:
    """A task is shown by its type and id."""
    one = task()
    assert repr(one) == f"<Task t {one.id}>"

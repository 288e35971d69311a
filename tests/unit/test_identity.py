"""Task ids: UUIDv7 as RFC 9562 has it, or any UUID the caller chose."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import RFC_4122, UUID, uuid5

import pytest

from stillframe.schemas import DefinitionError, uuid7
from stillframe.schemas.identity import parse_task_id


def test_ids_are_version_7_and_carry_the_time() -> None:
    """Version, variant and 48 bits of Unix milliseconds are where the RFC puts them."""
    before = time.time_ns() // 1_000_000
    made = uuid7()
    after = time.time_ns() // 1_000_000
    assert made.version == 7
    assert made.variant == RFC_4122
    assert before <= made.int >> 80 <= after


def test_ids_are_unique_under_threads() -> None:
    """Sixteen threads make 20,000 ids, no two alike."""
    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda _: uuid7(), range(20_000)))
    assert len(set(made)) == 20_000


def test_ids_sort_by_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """An id made in a later millisecond sorts later, as text and as number."""
    made = []
    for milliseconds in (0, 1, 1_000, 1_700_000_000_000, 2**48 - 1):
        monkeypatch.setattr(time, "time_ns", lambda now=milliseconds: now * 1_000_000)
        made.append(uuid7())
    assert made == sorted(made)
    assert [str(one) for one in made] == sorted(map(str, made))


def test_a_chosen_id_may_be_any_uuid() -> None:
    """A UUID passes as it is, and so does its text."""
    chosen = uuid5(UUID(int=0), "order-7")
    assert parse_task_id(chosen) is chosen
    assert parse_task_id(str(chosen)) == chosen


@pytest.mark.parametrize("wrong", ["order-7", "", 7, None, b"0" * 16, "0" * 31])
def test_what_is_no_uuid_is_refused_unseen(wrong: Any) -> None:
    """The error names the type and the cure, not the value."""
    with pytest.raises(DefinitionError, match=r"that is not a UUID: derive one .*uuid5") as refused:
        parse_task_id(wrong)
    assert "order-7" not in str(refused.value)

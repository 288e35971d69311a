"""The demo's balance: books that agree pass, and no entry can be lost, doubled or mixed up unnoticed."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from examples.demo.balance import faults
from examples.demo.books import Accepted, Books, Ended
from examples.demo.statement import latencies, statement, verdict

SIDES = ("accepted", "started", "ended", "dead_letters")
AT_ONCE, RETRIED, HOPELESS, RETRIED_THEN_HOPELESS = "at-once", "retried", "hopeless", "retried-then-hopeless"
BALANCED = Books(
    accepted=[
        Accepted(AT_ONCE, 100.0, hopeless=False),
        Accepted(RETRIED, 101.0, hopeless=False),
        Accepted(HOPELESS, 102.0, hopeless=True),
        Accepted(RETRIED_THEN_HOPELESS, 103.0, hopeless=True),
    ],
    started=[
        (AT_ONCE, 1),
        *((RETRIED, attempt) for attempt in (1, 2, 3)),
        (HOPELESS, 1),
        *((RETRIED_THEN_HOPELESS, attempt) for attempt in (1, 2)),
    ],
    ended=[
        Ended(AT_ONCE, 1, "done", 100.25),
        Ended(RETRIED, 1, "retry", 101.1),
        Ended(RETRIED, 2, "retry", 103.5),
        Ended(RETRIED, 3, "done", 108.0),
        Ended(HOPELESS, 1, "dead", 102.1),
        Ended(RETRIED_THEN_HOPELESS, 1, "retry", 103.1),
        Ended(RETRIED_THEN_HOPELESS, 2, "dead", 105.7),
    ],
    dead_letters=[HOPELESS, RETRIED_THEN_HOPELESS],
)
ENTRIES = [(side, index) for side in SIDES for index in range(len(getattr(BALANCED, side)))]


def changed(side: str, entries: list[Any]) -> Books:
    whole: dict[str, Any] = {side: entries}
    return replace(BALANCED, **whole)


def test_books_that_agree_balance() -> None:
    """Done at once, done after retries, dead at once, dead after a retry: all of it is in order."""
    assert faults(BALANCED) == []


@pytest.mark.parametrize(("side", "index"), ENTRIES)
def test_a_dropped_entry_is_noticed(side: str, index: int) -> None:
    """Whatever one side forgets, another side remembers."""
    entries = list(getattr(BALANCED, side))
    del entries[index]
    assert faults(changed(side, entries))


@pytest.mark.parametrize(("side", "index"), ENTRIES)
def test_a_doubled_entry_is_noticed(side: str, index: int) -> None:
    """Nothing happens twice, on any side."""
    entries = list(getattr(BALANCED, side))
    assert faults(changed(side, [*entries, entries[index]]))


@given(side=st.sampled_from(["accepted", "started", "ended"]), data=st.data())
def test_two_entries_with_their_tasks_swapped_are_noticed(side: str, data: st.DataObject) -> None:
    """One task too few and another too many: equal counts, and yet no balance."""
    entries = list(getattr(BALANCED, side))
    before = Counter(map(without_time, entries))
    first, second = data.draw(st.lists(st.sampled_from(range(len(entries))), min_size=2, max_size=2, unique=True))
    one, other = entries[first], entries[second]
    entries[first], entries[second] = with_task(one, other[0]), with_task(other, one[0])
    assume(Counter(map(without_time, entries)) != before)
    assert faults(changed(side, entries))


def with_task(entry: Any, task_id: str) -> Any:
    return entry._replace(task_id=task_id) if hasattr(entry, "_replace") else (task_id, *entry[1:])


def without_time(entry: tuple[Any, ...]) -> tuple[Any, ...]:
    """What a balance looks at; an entry of the same content in another place changes nothing."""
    return tuple(part for part in entry if not isinstance(part, float))


@pytest.mark.parametrize("index", range(len(BALANCED.ended)))
@pytest.mark.parametrize("status", ["done", "dead", "retry", "skipped"])
def test_an_end_of_another_kind_is_noticed(index: int, status: str) -> None:
    """Done, dead and retry are never taken for each other."""
    ended = list(BALANCED.ended)
    is_another = ended[index].status != status
    ended[index] = ended[index]._replace(status=status)
    assert bool(faults(changed("ended", ended))) is is_another


def test_a_lost_task_and_a_duplicate_do_not_cancel_out() -> None:
    """Counts would agree here: one loss, one stranger."""
    stranger = [entry if entry.task_id != AT_ONCE else entry._replace(task_id="stranger") for entry in BALANCED.ended]
    named = {fault.what: fault.where for fault in faults(changed("ended", stranger))}
    assert named["accepted with 202, but neither done nor dead"] == (AT_ONCE,)
    assert named["done or dead, but never accepted"] == ("stranger",)


def test_a_duplicate_is_named_with_its_attempt() -> None:
    """The same attempt of the same task started twice is what a duplicate is."""
    found = faults(changed("started", [*BALANCED.started, (RETRIED, 2)]))
    assert [str(fault) for fault in found] == [
        "1 duplicates, one attempt of one task started twice: retried attempt 2"
    ]


def test_offsets_that_were_not_committed_are_noticed() -> None:
    """A worker that has stopped in order leaves no lag behind."""
    assert faults(replace(BALANCED, lag=2))


def test_latencies_tell_first_attempts_from_retried_tasks() -> None:
    """Seconds from the 202 to done; dead tasks are never done."""
    assert latencies(BALANCED) == ([0.25], [7.0])


def test_a_task_done_before_its_answer_arrived_took_no_time() -> None:
    """The worker may be quicker than the way back to the client: no latency is negative."""
    early = [end._replace(at=99.0) if end.task_id == AT_ONCE else end for end in BALANCED.ended]
    assert latencies(changed("ended", early))[0] == [0.0]


def test_the_statement_has_both_sides_in_numbers() -> None:
    """What was sent, what became of it, and how much of it twice."""
    lines = statement(BALANCED, refused=1)
    assert "      5 requests   = 4 accepted with 202 + 1 refused" in lines
    assert "      4 accepted   = 2 done + 2 dead" in lines
    assert "      1 done after retries, from 202: p50 7.00 s, p99 7.00 s" in lines


def test_the_verdict_names_the_faults() -> None:
    """Unbalanced books are said to be so, with each fault on a line."""
    found = faults(changed("dead_letters", [HOPELESS]))
    assert verdict(found, 1.0) == [
        "THE BOOKS DO NOT BALANCE:",
        "  1 given up by the worker, but not in the dead-letter topic: retried-then-hopeless",
    ]

"""The chaos checker, by mutation: a sound journal with one thing changed is caught, and for that thing alone."""

from collections.abc import Callable

import pytest

from stillframe.consumer.progress.metadata import encode
from tests.chaos.checker import check
from tests.chaos.journal import Row
from tests.unit.chaos_story import DEAD, RETRY, T, all_is_well, name, which

Rows = list[Row]


def first(rows: Rows, kind: str, **facts: object) -> Row:
    return next(which(rows, kind, **facts))


def drop(rows: Rows, kind: str, **facts: object) -> None:
    rows[:] = [row for row in rows if row not in list(which(rows, kind, **facts))]


def test_a_sound_journal_is_sound() -> None:
    """Nothing is found, the balance is right, and each duplicate has its cause."""
    verdict = check(all_is_well())
    assert verdict.sound, verdict.faults
    assert (verdict.acknowledged, verdict.done, verdict.dead, verdict.attempts) == (6, 5, 1, 14)
    causes = {(each.task, each.attempt): each.causes for each in verdict.duplicates}
    redelivered = [(2, 1), (3, 1), (4, 1), (5, 1), (5, 2)]
    killed = {(name(task), n): ("above the committed frontier of a killed worker",) for task, n in redelivered}
    copied = "descends from a repeated hand-off: 2 copies, from 2 at most"
    assert causes == killed | {(name(2), 2): (copied,)}
    (kill,) = verdict.recoveries
    assert (kill.kind, kill.partitions, kill.running, kill.again, kill.late, kill.seconds) == (
        "killed",
        2,
        1,
        5,
        0,
        1,
    )


def an_acknowledged_task_lies_nowhere(rows: Rows) -> None:
    rows.append({**first(rows, "acked"), "task": name(6)})


def a_task_never_returns(rows: Rows) -> None:
    for start in list(which(rows, "started", task=name(4))):
        drop(rows, "finished", process=start["process"], run=start["run"])


def a_dead_letter_is_missing(rows: Rows) -> None:
    drop(rows, "record", role="dead")


def a_task_starts_again(rows: Rows) -> None:
    """Once more in `b`, after everything else."""
    start, at = first(rows, "started", process="b", task=name(4)), first(rows, "stopped")["at"]
    rows.append({**start, "run": 99, "at": at - 0.9})
    rows.append({**start, "kind": "finished", "run": 99, "at": at - 0.8, "well": True})


def one_is_lost_and_one_starts_again(rows: Rows) -> None:
    """As many tasks, starts and finishes as there should be: only sets tell."""
    an_acknowledged_task_lies_nowhere(rows)
    drop(rows, "acked", task=name(0))
    a_task_starts_again(rows)


def two_tasks_of_a_key_swap(rows: Rows) -> None:
    ours = [row for row in rows if row["process"] == "b" and row.get("where") != (RETRY, 0, 0)]
    runs = [first(ours, "started", task=name(task))["run"] for task in (2, 3)]
    for kind in ("started", "finished", "ended"):
        one, other = (first(ours, kind, run=run) for run in runs)
        one["at"], other["at"] = other["at"], one["at"]


def two_tasks_of_a_key_overlap(rows: Rows) -> None:
    start = first(rows, "started", process="a", task=name(2))
    follower = first(rows, "started", process="a", task=name(3))
    first(rows, "finished", process="a", run=start["run"])["at"] = follower["at"] + 0.5


def two_workers_overlap(rows: Rows) -> None:
    """`a` gives its partitions up but not its task 3, while `b` begins with task 2 of the same key."""
    start = first(rows, "started", process="a", task=name(3))
    first(rows, "finished", process="a", run=start["run"])["at"] = first(rows, "killed")["at"] + 4.5
    give_up_in_order(rows, still_running=[(T, 0, 2), (T, 0, 4), (T, 0, 5)])


def a_record_starts_early(rows: Rows) -> None:
    first(rows, "started", where=(RETRY, 0, 0))["wall"] = 249


def a_wait_in_memory_is_cut_short(rows: Rows) -> None:
    first(rows, "ended", end="waits")["due"] += 11


def a_task_starts_after_its_partition_was_given_up(rows: Rows) -> None:
    first(rows, "started", process="a", task=name(4))["at"] = first(rows, "killed")["at"] + 0.5
    give_up_in_order(rows, still_running=[(T, 0, offset) for offset in range(2, 6)])


def a_commit_is_ahead_of_its_time(rows: Rows) -> None:
    first(rows, "committed")["at"] = first(rows, "started", task=name(1))["at"] + 0.5


def a_map_says_too_much(rows: Rows) -> None:
    """`b` is told that 4 was done, which `a` was running when it was killed."""
    at = first(rows, "killed")["at"] - 0.5
    point = [T, 0, 2, encode(2, [(4, 5)])]
    rows.append({"process": "a", "kind": "committed", "at": at, "wall": 0, "positions": [point]})


def the_map_is_ignored(rows: Rows) -> None:
    """`b` was told that 5 was done."""
    first(rows, "assigned", process="b")["positions"][0][3] = encode(2, [(5, 6)])


def what_was_done_long_ago_is_left_out_of_commits(rows: Rows) -> None:
    """`a` commits twice more after 5 was done, for whatever reason always the same."""
    at = first(rows, "killed")["at"]
    for n in range(2):
        again = {**first(rows, "committed", process="a"), "at": at - 0.2 + n / 10}
        rows.append(again)


def a_partition_goes_back(rows: Rows) -> None:
    first(rows, "assigned", process="b")["positions"][0][2] = 1


def the_last_commit_is_short(rows: Rows) -> None:
    first(rows, "committed", process="b")["positions"][0][2] = 5


def a_third_copy_is_born_of_two_runs(rows: Rows) -> None:
    at, where = first(rows, "committed", process="b")["at"], (RETRY, 0, 2)
    rows.append({**first(rows, "record", where=(RETRY, 0, 1)), "where": where})
    start = {**first(rows, "started", where=(RETRY, 0, 1)), "where": where, "run": 99}
    rows.append({**start, "at": at - 0.2})
    rows.append({**start, "kind": "finished", "at": at - 0.1, "well": True})
    first(rows, "committed", process="b")["positions"][1][2] = 3


def a_third_dead_letter_is_born_of_two_ends(rows: Rows) -> None:
    rows.append({**first(rows, "record", role="dead"), "where": (DEAD, 0, 2)})


def a_task_that_is_done_is_dead_too(rows: Rows) -> None:
    rows.append({**first(rows, "record", role="dead"), "where": (DEAD, 0, 2), "task": name(0)})


def nobody_was_killed(rows: Rows) -> None:
    """`a` gave its partitions up in order while only task 4 was running: why was 5 run again?"""
    give_up_in_order(rows, still_running=[(T, 0, 4)])


def a_partition_has_two_owners(rows: Rows) -> None:
    drop(rows, "killed")


def an_unknown_task_runs(rows: Rows) -> None:
    drop(rows, "record", where=(T, 0, 0))


def a_worker_dies(rows: Rows) -> None:
    rows.append({**rows[-1], "kind": "trouble", "what": "b ended by itself"})


def give_up_in_order(rows: Rows, still_running: list[tuple[str, int, int]]) -> None:
    killed = first(rows, "killed")
    killed |= {"kind": "revoked", "process": "a", "ownerships": [1, 2], "unfinished": still_running}


CAUGHT: dict[Callable[[Rows], None], set[str]] = {
    an_acknowledged_task_lies_nowhere: {"lost"},
    a_task_never_returns: {"lost", "commits past the frontier"},
    a_dead_letter_is_missing: {"lost", "hand-offs vanished"},
    a_task_starts_again: {"duplicates unexplained"},
    one_is_lost_and_one_starts_again: {"lost", "duplicates unexplained"},
    two_tasks_of_a_key_swap: {"order inversions"},
    two_tasks_of_a_key_overlap: {"overlaps of a key"},
    two_workers_overlap: {"overlaps of a key", "duplicates unexplained"},
    a_record_starts_early: {"early starts"},
    a_wait_in_memory_is_cut_short: {"early starts"},
    a_task_starts_after_its_partition_was_given_up: {"starts after giving up"},
    a_commit_is_ahead_of_its_time: {"commits past the frontier"},
    a_map_says_too_much: {"commits past the frontier"},
    the_map_is_ignored: {"duplicates unexplained"},
    what_was_done_long_ago_is_left_out_of_commits: {"duplicates unexplained"},
    a_partition_goes_back: {"commits going back"},
    the_last_commit_is_short: {"left uncommitted"},
    a_third_copy_is_born_of_two_runs: {"duplicates unexplained"},
    a_third_dead_letter_is_born_of_two_ends: {"dead letters unexplained"},
    a_task_that_is_done_is_dead_too: {"done and dead"},
    nobody_was_killed: {"duplicates unexplained"},
    a_partition_has_two_owners: {"duplicates unexplained", "overlaps of a key"},
    an_unknown_task_runs: {"unknown tasks"},
    a_worker_dies: {"workers in trouble"},
}


@pytest.mark.parametrize("mutate", CAUGHT, ids=lambda mutate: mutate.__name__)
def test_a_mutation_is_caught(mutate: Callable[[Rows], None]) -> None:
    """What is wrong with the journal is named, and nothing else is."""
    rows = all_is_well()
    mutate(rows)
    assert {promise for promise, cases in check(rows).faults.items() if cases} == CAUGHT[mutate]


def in_doubt(rows: Rows, topic: str, error: str = "no acknowledgement; it may still be there") -> None:
    """`b` heard nothing of one of its hand-offs, and made it again."""
    handed = first(rows, "handed_off", process="b", topic=topic)
    rows.append({**handed, "kind": "handoff_failed", "at": handed["at"] - 0.5, "error": error})


DOUBTS = [(RETRY, a_third_copy_is_born_of_two_runs), (DEAD, a_third_dead_letter_is_born_of_two_ends)]


@pytest.mark.parametrize(("topic", "copy"), DOUBTS)
def test_what_no_broker_has_told_of_may_be_there_twice(topic: str, copy: Callable[[Rows], None]) -> None:
    """But what one has refused may not, nor what went elsewhere; and once in doubt is one copy more."""
    rows = all_is_well()
    copy(rows)
    in_doubt(rows, topic)
    verdict = check(rows)
    assert verdict.sound, verdict.faults
    for doubt in ((topic, "refused"), (RETRY if topic == DEAD else DEAD,)):
        rows = all_is_well()
        copy(rows)
        in_doubt(rows, *doubt)
        assert {promise for promise, cases in check(rows).faults.items() if cases} == CAUGHT[copy]


def test_who_loses_its_session_is_the_last_to_know() -> None:
    """Until it hears of it, the old owner runs on beside the new one: that is no fault, the session was lost."""
    rows = all_is_well()
    late = first(rows, "stopped")["at"] - 0.5
    first(rows, "killed").update(kind="lost", process="a", ownerships=[1, 2], at=late)
    verdict = check(rows)
    assert verdict.sound, verdict.faults
    causes = {cause for each in verdict.duplicates for cause in each.causes}
    assert "above the committed frontier of a lost session" in causes


def test_a_wait_that_was_cut_off_may_start_over() -> None:
    """Two kills in a row, the second in the middle of the redelivery, are explained one by one."""
    rows = all_is_well()
    end = first(rows, "stopped")
    rows.remove(end)
    drop(rows, "committed", process="b")
    at = end["at"]
    rows.append({**end, "kind": "killed", "victim": "b"})
    positions = [[T, 0, 6, "", 1], [RETRY, 0, 0, "", 2]]
    rows.append({**end, "process": "c", "kind": "assigned", "at": at + 0.1, "positions": positions})
    for n, where in enumerate([(RETRY, 0, 0), (RETRY, 0, 1)]):
        start = {**first(rows, "started", where=where), "process": "c", "run": n}
        rows.append({**start, "at": at + 0.2 + n / 10, "wall": 900})
        rows.append({**start, "kind": "finished", "at": at + 0.25 + n / 10, "well": True})
    rows.append({**end, "process": "c", "kind": "committed", "at": at + 0.9, "positions": [[RETRY, 0, 2, ""]]})
    verdict = check(rows)
    assert verdict.sound, verdict.faults
    assert max(each.times for each in verdict.duplicates) == 4

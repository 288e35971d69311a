"""The chaos checker on workers that were frozen or cut off, by mutation: what one may do, and what none may."""

from collections.abc import Callable
from typing import Any

import pytest

from stillframe.consumer.progress.metadata import encode
from tests.chaos.checker import Verdict, check
from tests.chaos.journal import Row
from tests.unit.chaos_story import RETRY, T, all_is_well, name, which

Rows = list[Row]
SPELLS = {"frozen": "thawed", "cut": "healed"}


def first(rows: Rows, kind: str, **facts: object) -> Row:
    return next(which(rows, kind, **facts))


def drop(rows: Rows, kind: str, **facts: object) -> None:
    rows[:] = [row for row in rows if row not in list(which(rows, kind, **facts))]


def late(rows: Rows, before_the_end: float) -> float:
    return float(first(rows, "stopped")["at"]) - before_the_end


def add(rows: Rows, before_the_end: float, process: str, kind: str, **facts: Any) -> None:
    rows.append({"process": process, "kind": kind, "at": late(rows, before_the_end), "wall": 9_000, **facts})


def a_lost_session(kind: str = "frozen") -> Rows:
    """`a` is not killed but frozen, or cut off; `b` gets its partitions; then `a` goes on, and hears of it."""
    rows = all_is_well()
    first(rows, "killed")["kind"] = kind
    add(rows, 0.9, "conductor", SPELLS[kind], victim="a")
    add(rows, 0.3, "a", "lost", ownerships=[1, 2])
    return rows


def settings(protocol: str = "eager", session: float = 6.0) -> dict[str, Any]:
    facts = {"protocol": protocol, "session": session}
    return {"process": "conductor", "kind": "settings", "at": -1.0, "wall": 0, **facts}


def faults(verdict: Verdict) -> set[str]:
    return {promise for promise, cases in verdict.faults.items() if cases}


def starts_late(rows: Rows, task: int) -> None:
    """`a` starts a task when it goes on; `b` has had the partition for long."""
    start = {**first(rows, "started", process="a", task=name(task)), "run": 99, "wall": 9_000}
    rows.append({**start, "at": late(rows, 0.8)})
    rows.append({**start, "kind": "finished", "at": late(rows, 0.7), "well": True})


def starts_what_it_had_not_started(rows: Rows, before_the_end: float = 0.75) -> None:
    """Task 4 was only in its memory when it was frozen."""
    drop(rows, "started", process="a", task=name(4))
    start = first(rows, "started", process="b", task=name(4))
    rows.append({**start, "process": "a", "run": 99, "at": late(rows, before_the_end)})
    add(rows, 0.7, "a", "finished", run=99, well=True)


def starts_what_its_thread_had_taken(rows: Rows) -> None:
    """Task 4 was between the desk and its handler."""
    starts_what_it_had_not_started(rows, 0.85)


def never_hears_of_it(rows: Rows) -> None:
    """It is killed first."""
    drop(rows, "lost")
    add(rows, 0.3, "conductor", "killed", victim="a")


def writes_an_answer_down_late(rows: Rows) -> None:
    """The broker had accepted the commit with which `b` began, and `a` was frozen before it could read that."""
    rows.append({**first(rows, "committed", process="a"), "at": late(rows, 0.6)})


def ends_what_it_was_running(rows: Rows) -> None:
    run = first(rows, "started", process="a", task=name(4))["run"]
    add(rows, 0.8, "a", "finished", run=run, well=True)


ALLOWED = [
    starts_what_it_had_not_started,
    starts_what_its_thread_had_taken,
    never_hears_of_it,
    writes_an_answer_down_late,
    ends_what_it_was_running,
]


@pytest.mark.parametrize("kind", SPELLS)
@pytest.mark.parametrize("mutate", [lambda rows: None, *ALLOWED], ids=lambda mutate: mutate.__name__)
def test_what_who_has_lost_its_session_may_do(mutate: Callable[[Rows], None], kind: str) -> None:
    """Nothing is found, and each duplicate has its cause."""
    rows = a_lost_session(kind)
    mutate(rows)
    verdict = check(rows)
    assert verdict.sound, verdict.faults
    hit = verdict.recoveries[0]
    late, taken = mutate is starts_what_it_had_not_started, mutate is starts_what_its_thread_had_taken
    assert (hit.partitions, hit.seconds, hit.again) == (2, 1.0, 4 if late or taken else 5)
    assert (hit.late, hit.begun, verdict.late_starts) == (late, taken, late or taken)


@pytest.mark.parametrize(
    ("after", "answered", "heard"),
    [(0.01, False, False), (-0.01, False, False), (-0.01, True, True), (-0.3, False, True)],
)
def test_who_lets_go_while_it_is_cut_off_can_tell_nobody_what_it_has_done(
    after: float, answered: bool, heard: bool
) -> None:
    """Its last commit does not come through, nor if it is on its way; long before it would have."""
    rows = a_lost_session("cut")
    drop(rows, "lost")
    at = float(first(rows, "cut")["at"]) + after
    rows.append({"process": "a", "kind": "revoked", "at": at, "ownerships": [1, 2], "unfinished": []})
    if answered:
        rows.append({**first(rows, "committed", process="a"), "at": at + 0.004})
    assert ("duplicates unexplained" in faults(check(rows))) is heard


@pytest.mark.parametrize(("session", "heard"), [(0.1, False), (60.0, True)])
@pytest.mark.parametrize("kind", SPELLS)
def test_who_was_silent_beyond_its_session_lets_go_in_vain(kind: str, session: float, heard: bool) -> None:
    """It goes on before anybody else has its partitions, and hears of a rebalance, not of its own end."""
    rows = [settings(session=session), *a_lost_session(kind)]
    drop(rows, "lost")
    taken = float(first(rows, "assigned", process="b")["at"])
    first(rows, SPELLS[kind])["at"] = taken - 0.02
    rows.append({"process": "a", "kind": "revoked", "at": taken - 0.01, "ownerships": [1, 2], "unfinished": []})
    assert ("duplicates unexplained" in faults(check(rows))) is heard


@pytest.mark.parametrize("noted", [True, False])
def test_whom_its_supervisor_has_killed_notes_no_end(noted: bool) -> None:
    """Its exit is the end of what it owned."""
    rows = all_is_well()
    killed = first(rows, "killed")
    killed |= {"kind": "exited" if noted else "nothing", "code": 5, "seconds": 11.0}
    assert check(rows).sound is noted


@pytest.mark.parametrize(
    ("after", "starts", "sound"), [(0.01, False, True), (0.9, False, False), (0.01, True, False)]
)
def test_who_hears_of_an_assignment_and_of_its_loss_at_once_never_owned_anything(
    after: float, starts: bool, sound: bool
) -> None:
    """It had to wait for the coordinator, and `b` has had the partition since; but then it may start nothing."""
    rows = all_is_well()
    end = first(rows, "stopped", process="b")["at"] - 6
    told = {"process": "c", "wall": 0, "positions": [[T, 0, 2, "", 9]], "ownerships": [9]}
    rows += {**told, "kind": "assigned", "at": end}, {**told, "kind": "lost", "at": end + after}
    if starts:
        run = first(rows, "started", process="b", task=name(5))
        rows.append({**run, "process": "c", "ownership": 9, "at": end + 0.005})
    assert check(rows).sound is sound


def its_commit_is_taken(rows: Rows) -> None:
    add(rows, 0.6, "a", "committed", positions=[[T, 0, 5, ""]])


def its_map_is_taken(rows: Rows) -> None:
    """Of the same offset, but it says that 5 is done, of which `b` was not told."""
    add(rows, 0.6, "a", "committed", positions=[[T, 0, 2, encode(2, [(5, 6)])]])


def it_starts_again_what_it_has_run(rows: Rows) -> None:
    starts_late(rows, 5)


def nobody_was_frozen(rows: Rows) -> None:
    """Two owners at a time, and no reason to have lost a session."""
    drop(rows, "frozen")
    never_hears_of_it(rows)


def another_was_frozen(rows: Rows) -> None:
    first(rows, "frozen")["victim"] = "c"
    never_hears_of_it(rows)


def it_was_frozen_afterwards(rows: Rows) -> None:
    first(rows, "frozen")["at"] = late(rows, 1.5)
    never_hears_of_it(rows)


def a_task_is_lost_with_it(rows: Rows) -> None:
    """`b` never ran 4 and `a` never ended it."""
    for kind in ("started", "finished"):
        drop(rows, kind, process="b", task=name(4))


def one_is_lost_and_one_starts_again(rows: Rows) -> None:
    a_task_is_lost_with_it(rows)
    it_starts_again_what_it_has_run(rows)


CAUGHT: dict[Callable[[Rows], None], set[str]] = {
    its_commit_is_taken: {"commits after a lost session"},
    its_map_is_taken: {"commits after a lost session"},
    it_starts_again_what_it_has_run: {"duplicates unexplained"},
    nobody_was_frozen: {"duplicates unexplained", "overlaps of a key"},
    another_was_frozen: {"duplicates unexplained", "overlaps of a key"},
    it_was_frozen_afterwards: {"duplicates unexplained", "overlaps of a key"},
    a_task_is_lost_with_it: {"lost", "commits past the frontier"},
    one_is_lost_and_one_starts_again: {"lost", "commits past the frontier", "duplicates unexplained"},
}


@pytest.mark.parametrize("mutate", CAUGHT, ids=lambda mutate: mutate.__name__)
def test_a_mutation_is_caught(mutate: Callable[[Rows], None]) -> None:
    """What is wrong with the journal is named, and nothing else is."""
    rows = a_lost_session()
    mutate(rows)
    assert faults(check(rows)) == CAUGHT[mutate]


def apart(rows: Rows) -> None:
    """The retry topic is `c`'s, not `b`'s, and `c` runs a retry while `b` runs the key's next task."""
    begin = first(rows, "assigned", process="b")
    begin["positions"].pop()
    c = {"process": "c", "kind": "assigned", "at": begin["at"] + 0.1, "wall": 0, "positions": [[RETRY, 0, 0, "", 2]]}
    rows.append(c)
    runs = {row["run"] for row in which(rows, "started", process="b") if row["where"][0] == RETRY}
    for row in rows:
        if row["process"] == "b" and row.get("run") in runs:
            row["process"] = "c"
    end = first(rows, "committed", process="b")
    end["positions"].pop()
    rows.append({**end, "process": "c", "positions": [[RETRY, 0, 2, ""]]})
    follower = first(rows, "started", process="b", task=name(3))["run"]
    first(rows, "finished", process="b", run=follower)["at"] = first(rows, "started", process="c")["at"] + 0.5


@pytest.mark.parametrize("protocol", ["eager", "consumer", "cooperative"])
def test_a_retry_beside_its_keys_next_task_is_a_fault_of_who_keeps_them_together(protocol: str) -> None:
    """Range assignors give a partition and those of its retry topics to one worker; others do not promise it."""
    rows = all_is_well()
    apart(rows)
    rows.append(settings(protocol=protocol))
    verdict = check(rows)
    assert verdict.overlaps_with_retries == 1
    assert faults(verdict) == (set() if protocol == "cooperative" else {"overlaps of a key"})


def test_a_wait_that_starts_over_in_the_same_worker_is_a_wait_of_its_own() -> None:
    """Who loses a partition and gets it back runs an attempt again, and sets its own time for the next."""
    rows = all_is_well()
    for row in rows:
        if row["process"] == "b" and row["kind"] == "ended" and row["end"] == "waits":
            row["due"] += 5
    first(rows, "started", process="b", task=name(5), attempt=2)["wall"] += 5
    cut_off = first(rows, "started", process="a", task=name(4))
    rows.append({**cut_off, "kind": "finished", "at": cut_off["at"] + 0.5, "well": False})
    first(rows, "killed").update(kind="lost", process="a", ownerships=[1, 2])
    for row in tuple(rows):  # the second life of `a`'s partitions is in `a` itself
        if row["process"] == "b":
            row["process"] = "a"
            row["run"] = row["run"] + 100 if row.get("run") else row.get("run")
            row["ownership"] = row.get("ownership", 0) + 10
            row["positions"] = [[*p[:4], *(n + 10 for n in p[4:])] for p in row.get("positions", [])]
    assert faults(check(rows)) == set()

"""The chaos checker on takeovers: what who cannot be heard of keeps, nobody has to take; what it loses, somebody."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

import pytest

from tests.chaos.checker import check
from tests.chaos.checker.recovery import Amid, Recovery
from tests.chaos.journal import Row

T = "t"
ENDS = {"frozen": "thawed", "cut": "healed"}
Step = tuple[float, str, str, dict[str, Any]]


def assigned(at: float, process: str) -> Step:
    return at, process, "assigned", {"positions": [[T, 0, 0, "", 1]]}


def lost(at: float, process: str) -> Step:
    return at, process, "lost", {"ownerships": [1]}


def revoked(at: float, process: str) -> Step:
    return at, process, "revoked", {"ownerships": [1], "unfinished": []}


def ends(at: float, kind: str) -> Step:
    return at, "conductor", ENDS[kind], {"victim": "a"}


def killed(at: float) -> Step:
    return at, "conductor", "killed", {"victim": "a"}


def story(kind: str, *steps: Step) -> Recovery:
    """`a` owns a partition and is frozen or cut off at 10 s."""
    return all_of(kind, *steps)[0]


def all_of(kind: str, *steps: Step) -> Sequence[Recovery]:
    """The same, and whom else something happens to."""
    steps = (assigned(0, "a"), (10, "conductor", kind, {"victim": "a"}), *steps)
    rows: list[Row] = [{"process": p, "kind": k, "at": at, "wall": 0, **facts} for at, p, k, facts in steps]
    return check(sorted(rows, key=itemgetter("at"))).recoveries


@pytest.mark.parametrize("kind", ENDS)
def test_who_goes_on_with_its_partition_has_kept_it(kind: str) -> None:
    """Whatever becomes of it afterwards, in order."""
    assert story(kind, ends(18, kind)).kept == 1
    assert story(kind, ends(18, kind), revoked(18.1, "a"), assigned(18.2, "b")).kept == 1
    assert story(kind, ends(18, kind), killed(60), assigned(67, "b")).kept == 1


@pytest.mark.parametrize("kind", ENDS)
def test_what_is_taken_meanwhile_is_not_kept(kind: str) -> None:
    """Whether or not it has heard of that."""
    for rest in ([ends(18, kind), lost(18.1, "a")], [ends(18, kind)], [killed(17)]):
        hit = story(kind, assigned(16.5, "b"), *rest)
        assert (hit.kept, hit.seconds) == (0, 6.5)


@pytest.mark.parametrize("kind", ENDS)
def test_what_is_lost_and_nobody_takes_is_never_taken_over(kind: str) -> None:
    """It has lost its session, or was killed, or never came back: each time somebody has to be given it."""
    for rest in ([ends(18, kind), lost(18.1, "a")], [killed(17)], [killed(17), ends(18, kind)], []):
        hit = story(kind, *rest)
        assert (hit.kept, hit.seconds) == (0, None), rest


@pytest.mark.parametrize("kind", ENDS)
def test_what_is_lost_and_taken_late_counts_from_the_beginning(kind: str) -> None:
    """Also by who has lost it."""
    hit = story(kind, ends(18, kind), lost(18.1, "a"), (40, "a", "assigned", {"positions": [[T, 0, 0, "", 2]]}))
    assert (hit.kept, hit.seconds) == (0, 30.0)


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        ("broker_killed", {"node": 1, "leads": 1, "coordinator": True}),
        ("broker_stopped", {"node": 1, "leads": 1, "coordinator": False}),
        ("elected", {"moved": 3}),
    ],
)
@pytest.mark.parametrize(("at", "amid"), [(1, False), (3, True), (10.5, True), (16, True), (17, False)])
def test_a_takeover_amid_brokers_is_told_apart(kind: str, facts: dict[str, Any], at: float, amid: bool) -> None:
    """One that has to do with a coordinator which may have gone, or has to wait for its replicas."""
    taken = [assigned(16.5, "b"), ends(18, "frozen")]
    assert story("frozen", (at, "conductor", kind, facts), *taken).amid == (Amid.BROKERS if amid else Amid.NOTHING)


def test_an_election_that_moves_nothing_is_no_upheaval() -> None:
    """Nor is a broker that comes back."""
    for kind, facts in (("elected", {"moved": 0}), ("broker_started", {"node": 1})):
        found = story("frozen", (11, "conductor", kind, facts), assigned(16.5, "b"), ends(18, "frozen"))
        assert found.amid is Amid.NOTHING


@pytest.mark.parametrize("also", ["killed", "frozen", "cut"])
@pytest.mark.parametrize(("at", "amid"), [(9, Amid.BROKERS), (12, Amid.WORKERS_TOO), (17, Amid.BROKERS)])
def test_a_takeover_amid_workers_too_is_told_apart(also: str, at: float, amid: Amid) -> None:
    """The group waits for the sessions of all that fall silent before it is over."""
    moved = (11, "conductor", "elected", {"moved": 3})
    other = (at, "conductor", also, {"victim": "c"})
    taken = [assigned(16.5, "b"), ends(18, "frozen")]
    (found,) = [each for each in all_of("frozen", moved, other, *taken) if each.process == "a"]
    assert found.amid is amid

"""Snapshot: one request, frozen to its leaves, whatever it was built from."""

import copy
import dataclasses
import pickle
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any

import pytest

from stillframe.schemas import EncodeError, FrozenError, FrozenMapping, Headers, Query, Snapshot

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def snapshot(**changes: Any) -> Snapshot:
    parts: dict[str, Any] = {
        "method": "POST",
        "path": "/users/7",
        "received_at": NOON,
        "route": "/users/{id}",
        "path_params": {"id": 7},
        "query": [["page", "1"], ["page", "2"]],
        "headers": [("Accept", "a"), ("accept", "b")],
        "client": "10.0.0.1",
        "principal": "ada",
        "context": {"tenant": {"plans": ["free"]}},
        "body": bytearray(b"\x00\xff"),
    }
    return Snapshot(**parts | changes)


def test_mutable_arguments_come_in_as_frozen_copies() -> None:
    """A snapshot built from lists, dicts and byte arrays is hashable, and none of them can change it."""
    plans = ["free"]
    body = bytearray(b"body")
    frozen = snapshot(context={"plans": plans}, body=body)
    plans.append("paid")
    body.clear()
    assert frozen.context["plans"] == ("free",)
    assert frozen.body == b"body"
    assert frozen.query == Query((("page", "1"), ("page", "2")))
    assert frozen.headers.getall("ACCEPT") == ("a", "b")
    assert {frozen: 1}[snapshot(context={"plans": ["free"]}, body=b"body")] == 1


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Snapshot)])
def test_no_field_can_be_written(field: str) -> None:
    """Assigning or deleting any field raises an error that says why."""
    frozen = snapshot()
    with pytest.raises(FrozenError, match="already happened"):
        setattr(frozen, field, None)
    with pytest.raises(FrozenError, match="already happened"):
        delattr(frozen, field)
    with pytest.raises((FrozenError, AttributeError)):
        frozen.brand_new = 1  # type: ignore[attr-defined]
    assert frozen == snapshot()


def test_replace_makes_another_and_freezes_again() -> None:
    """``dataclasses.replace`` is the way to a changed snapshot; its arguments are frozen, too."""
    frozen = snapshot()
    roles: Any = {"roles": ["admin"]}
    other = dataclasses.replace(frozen, context=roles)
    assert other.context == FrozenMapping({"roles": ("admin",)})
    assert frozen == snapshot()


def test_copies_and_pickles_are_equal_and_hash_alike() -> None:
    """copy, deepcopy and every pickle protocol give back an equal snapshot."""
    frozen = snapshot()
    copies = [copy.copy(frozen), copy.deepcopy(frozen)]
    copies += [pickle.loads(pickle.dumps(frozen, protocol)) for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)]
    for again in copies:
        assert again == frozen
        assert hash(again) == hash(frozen)
        assert type(again.headers) is Headers


class Tenant(Snapshot):
    """An application's own snapshot."""

    __slots__ = ()


def test_a_subclass_survives_pickle() -> None:
    """An application's own snapshot class comes back as itself."""
    tenant = Tenant(method="GET", path="/", received_at=NOON)
    again = pickle.loads(pickle.dumps(tenant))
    assert type(again) is Tenant
    assert again == tenant


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("method", 5),
        ("path", b"/"),
        ("path", "/\ud800"),
        ("route", 5),
        ("client", ("10.0.0.1", 80)),
        ("principal", 7),
        ("body", "text"),
        ("body", 5),
        ("context", [("a", 1)]),
        ("path_params", {"id": object()}),
        ("headers", ["ab"]),
        ("query", [("a", None)]),
    ],
)
def test_a_part_of_the_wrong_type_is_refused(field: str, value: Any) -> None:
    """Nothing is guessed: text is text, a body is bytes, and a number is no principal."""
    with pytest.raises(FrozenError):
        snapshot(**{field: value})


class Nowhere(tzinfo):
    """A time zone that does not know its offset: as naive as none."""

    def utcoffset(self, _: datetime | None) -> None:
        return None

    def dst(self, _: datetime | None) -> None:
        return None

    def tzname(self, _: datetime | None) -> str:
        return "nowhere"


@pytest.mark.parametrize("zone", [None, Nowhere()])
def test_a_time_without_a_zone_is_refused(zone: tzinfo | None) -> None:
    """A naive time would mean another moment on each machine."""
    with pytest.raises(EncodeError, match="received_at has no time zone"):
        snapshot(received_at=NOON.replace(tzinfo=zone))


def test_times_are_kept_in_utc() -> None:
    """The same moment in two zones is one snapshot; a moment beyond the year 9999 in UTC is refused."""
    there = timezone(timedelta(hours=5, minutes=45, seconds=1))
    assert snapshot(received_at=NOON.astimezone(there)) == snapshot()
    assert snapshot(received_at=NOON.astimezone(there)).received_at.tzinfo is UTC
    with pytest.raises(EncodeError, match="years 1 to 9999"):
        snapshot(received_at=datetime.max.replace(tzinfo=timezone(-timedelta(hours=1))))


def test_repr_shows_no_content() -> None:
    """The repr has method, route and sizes; no path, value, body, principal or context."""
    assert repr(snapshot()) == "<Snapshot POST /users/{id}: 1 headers, 1 query names, 2 B of body>"
    assert repr(snapshot(route=None, body=None)) == "<Snapshot POST (no route): 1 headers, 1 query names, no body>"


def test_one_snapshot_under_many_threads() -> None:
    """Sixteen threads that hash, copy and read one snapshot at once see the same."""
    frozen = snapshot()

    def look(_: int) -> tuple[int, Snapshot, str]:
        return hash(frozen), copy.deepcopy(frozen), frozen.headers["accept"]

    with ThreadPoolExecutor(16) as pool:
        seen = set(pool.map(look, range(160)))
    assert seen == {(hash(snapshot()), snapshot(), "a")}

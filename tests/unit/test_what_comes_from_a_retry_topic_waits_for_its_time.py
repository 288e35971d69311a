"""A record of a retry topic starts at the time that its header tells, and where that is absurd, never (I5, I8)."""

from types import SimpleNamespace
from typing import Any

import pytest

from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.intake.receive import Receiver
from stillframe.schemas.headers import NOT_BEFORE
from stillframe.schemas.topics import DEFAULT_TIERS, Tier
from tests.arrivals import partition

NOW = 1_900_000_000_000
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
FIRST, *_, LAST = DEFAULT_TIERS


def received(tier: Tier, due: bytes) -> Arrival:
    """A record whose header says when it is due, as it arrives now."""
    source = partition(tier=tier)
    message: Any = SimpleNamespace(
        topic=lambda: source.topic, partition=lambda: 0, offset=lambda: 7, key=lambda: b"k", value=lambda: b"{}",
        headers=lambda: [(NOT_BEFORE, due)],
    )  # fmt: skip
    return Receiver({}, {}, {}).arrival(message, source, NOW)


@pytest.mark.parametrize(
    ("tier", "wait", "waits_here"),
    [
        (FIRST, -1, -1),
        (FIRST, 0, 0),
        (FIRST, 1, 1),
        (FIRST, 2 * HOUR, 2 * HOUR),
        (LAST, HOUR, HOUR),
        (LAST, HOUR + 1, HOUR),
        (LAST, 30 * DAY, HOUR),
        (LAST, 30 * DAY + 5 * MINUTE, HOUR),
    ],
)
def test_what_comes_from_a_retry_topic_waits_for_its_time(tier: Tier, wait: int, waits_here: int) -> None:
    """In the last tier for its length at most: then it hops on, lest retention delete it. 30 days of whose clock?"""
    arrival = received(tier, str(NOW + wait).encode())
    assert arrival.fault is None
    assert arrival.due == NOW + waits_here
    assert arrival.state.not_before == NOW + wait


@pytest.mark.parametrize("due", [b"%d" % (NOW + 31 * DAY), b"253402300799999", b"-1", b"soon", b"\xff" * 8])
def test_an_absurd_time_is_a_fault(due: bytes) -> None:
    """It goes to the dead-letter topic; it neither runs early nor waits for ever."""
    assert received(FIRST, due).fault is not None

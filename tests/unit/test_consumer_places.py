"""Places: what a partition's commits can carry bounds what may start, and never stops all of it."""

from stillframe.consumer.dispatch.places import Places
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.intake.partition import Partition
from stillframe.consumer.intake.pressure import WAITS, Limits
from stillframe.consumer.progress.ledger import Ledger
from stillframe.consumer.progress.strict_waits import MOST_WAITS, Wait
from tests.arrivals import arrival, partition

ROOMY = Limits(10**6, 10**9, 10**6, 0.7, total_records=10**6, total_bytes=10**9)


def strict(source: Partition, count: int) -> list[Arrival]:
    return [arrival(source, offset, lane=offset) for offset in range(count)]


def test_so_many_start_and_the_others_get_their_place_in_turn() -> None:
    """Per partition: one that is full does not hold another back."""
    places, source = Places(2), partition()
    first, second, third, fourth = strict(source, 4)
    assert [places.take(each) for each in (first, second, third, fourth)] == [True, True, False, False]
    assert places.take(first), "it has its place already"
    assert places.take(arrival(partition(1), 0, lane=0))
    assert len(places) == 2
    places.leave(second)
    assert list(places.admitted()) == [third]
    assert places.take(third)
    assert places.withdraw([source]) == [fourth]
    assert len(places) == 0


def test_waits_that_are_still_to_come_have_their_places() -> None:
    """They are in the metadata as well, though their records have not been read again."""
    places, source = Places(3), partition()
    source.promised = 2
    first, second = strict(source, 2)
    assert places.take(first)
    assert not places.take(second)
    source.promised = 1
    assert list(places.admitted()) == [second]


def test_one_may_start_though_all_places_are_promised() -> None:
    """Else nothing would, should the promised lie behind more than the partition may hold."""
    places, source = Places(3), partition()
    source.promised = 3
    first, second = strict(source, 2)
    assert [places.take(first), places.take(second)] == [True, False]


def test_intake_rests_while_all_places_are_taken_by_retries() -> None:
    """With the usual gap between pausing and resuming; health names the reason."""
    ledger = Ledger(0)
    for offset in range(MOST_WAITS):
        assert ROOMY.exceeded(ledger, paused=False) is None
        ledger.receive(offset, 1)
        ledger.wait(Wait(offset, 2, 1_900_000_000_000, 1_900_000_000_000))
    assert ROOMY.exceeded(ledger, paused=False) == WAITS
    for offset in range(MOST_WAITS * 3 // 10):
        assert ROOMY.exceeded(ledger, paused=True) == WAITS
        ledger.finish(offset)
    ledger.finish(MOST_WAITS - 1)
    assert ROOMY.exceeded(ledger, paused=True) is None

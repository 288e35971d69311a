"""Hand-offs: one topic that refuses holds back nobody else, and nothing is dropped."""

import pytest

from stillframe.consumer.dispatch.executors import epoch_milliseconds
from stillframe.consumer.events import Event, HandOffFailed
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.outcome.classify import Failure
from stillframe.consumer.outcome.end import Dead, Retry
from stillframe.consumer.outcome.handoff import HandOffs
from stillframe.producer.client import Report
from stillframe.producer.errors import SubmitFailed, SubmitRejected
from tests.arrivals import FAMILY, arrival, partition
from tests.waiting import wait_until

FAILURE = Failure("ValueError", "", "", permanent=True)


class Client:
    """The producer's client: it acknowledges at once, but for topics that are down or a queue that is full."""

    def __init__(self) -> None:
        self.down: set[str] = set()
        self.full = False
        self.sent: list[str] = []

    def send(self, topic: str, *_: object, on_report, **__: object) -> None:  # type: ignore[no-untyped-def]
        if self.full:
            raise SubmitRejected("full")
        if topic in self.down:
            raise SubmitFailed("unknown topic")
        self.sent.append(topic)
        on_report(Report(topic, 0, 0, None))


class Bench:
    def __init__(self) -> None:
        self.client = Client()
        self.finished: list[Arrival] = []
        self.events: list[Event] = []
        self.handoffs = HandOffs(
            self.client,  # type: ignore[arg-type]
            {},
            self.finished.append,
            emit=self.events.append,
            now=epoch_milliseconds,
        )


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_refusing_topic_holds_its_partition_and_no_other(bench: Bench) -> None:
    """Twenty dead letters are refused; the retry of a healthy partition goes out in the same tick."""
    bench.client.down = {FAMILY.dead_letter_topic}
    bad, good = partition(0), partition(1)
    for offset in range(20):
        bench.handoffs.add(arrival(bad, offset), Dead(FAILURE))
    bench.handoffs.add(arrival(good), Retry(epoch_milliseconds() + 60_000, FAILURE))
    bench.handoffs.tick()
    bench.handoffs.tick()
    assert bench.client.sent == [FAMILY.retry_topic(FAMILY.tiers[0])]
    assert [each.partition for each in bench.finished] == [good]
    assert (bad.held, good.held) == (20, 0)

    bench.client.down.clear()

    def all_written() -> bool:
        bench.handoffs.tick()
        return len(bench.finished) == 21

    wait_until(all_written, describe="the dead letters to be written after all")
    assert bad.held == 0
    assert not bench.handoffs.pending([bad, good])


def test_a_full_queue_is_no_failure(bench: Bench) -> None:
    """It is our own: the records go out in order with the next tick, and no partition is held."""
    bench.client.full = True
    source = partition()
    for offset in range(3):
        bench.handoffs.add(arrival(source, offset), Dead(FAILURE))
    bench.handoffs.tick()
    assert source.held == 0
    assert not [event for event in bench.events if isinstance(event, HandOffFailed)]
    bench.client.full = False
    bench.handoffs.tick()
    bench.handoffs.tick()
    assert [each.record.offset for each in bench.finished] == [0, 1, 2]


def test_a_partition_that_is_gone_is_forgotten(bench: Bench) -> None:
    """Its new owner hands over what was not acknowledged."""
    bench.client.down = {FAMILY.dead_letter_topic}
    gone = partition()
    bench.handoffs.add(arrival(gone), Dead(FAILURE))
    bench.handoffs.tick()
    bench.handoffs.forget([gone])
    assert not bench.handoffs.pending([gone])

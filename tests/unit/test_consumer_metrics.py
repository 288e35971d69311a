"""Metrics: what was counted is what happened, labels come from closed sets, and nothing leaks."""

from importlib.metadata import version
from typing import Any

import pytest
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from stillframe.consumer import events
from stillframe.consumer.events import AttemptEnded, Event, HandedOff, Turned
from stillframe.consumer.intake.partition import LogBounds, Partition
from stillframe.consumer.listeners import metric_names
from stillframe.consumer.listeners.metric_names import Metric
from stillframe.consumer.listeners.metrics import Metrics
from stillframe.consumer.listeners.readings import EVERY, Readings
from stillframe.consumer.outcome.classify import Failure
from stillframe.consumer.outcome.end import Dead, Done, Retry, Skipped
from stillframe.consumer.progress.ledger import CommitPoint
from tests.arrivals import FAMILY, arrival, partition

FAILURE = Failure("ValueError", "", "", permanent=False)
ALL = [value for value in vars(metric_names).values() if isinstance(value, Metric)]


def shown(metrics: Metrics) -> dict[str, float]:
    """Every sample at a scrape, as ``name{label="value",…}``."""
    samples: dict[str, float] = {}
    for family in text_string_to_metric_families(generate_latest(metrics.registry).decode()):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            samples[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return samples


def after(*told: Event) -> dict[str, float]:
    metrics = Metrics("mailer")
    for event in told:
        metrics(event)
    return shown(metrics)


def ended(end: Any, seconds: float = 0.2, task_type: str = "send_email") -> AttemptEnded:
    return AttemptEnded(arrival(partition()), task_type, "0198", end, seconds)


def test_attempts_are_counted_by_their_end() -> None:
    """A wait for an ETA is told apart from a retry: it spent no attempt."""
    found = after(
        ended(Done()), ended(Done()), ended(Retry(1, FAILURE)), ended(Retry(1, None), 0), ended(Dead(FAILURE)),
        ended(Skipped(), 0), ended(Dead(FAILURE), 0, task_type=""),
    )  # fmt: skip
    counts = {
        (name.partition("outcome=")[2].split(",")[0], name.partition("task_type=")[2].rstrip("}")): value
        for name, value in found.items()
        if name.startswith("stillframe_attempts_total")
    }
    assert counts == {
        ("done", "send_email"): 2, ("retry", "send_email"): 1, ("deferred", "send_email"): 1,
        ("dead", "send_email"): 1, ("skipped", "send_email"): 1, ("dead", "(undecodable)"): 1,
    }  # fmt: skip
    assert found["stillframe_handler_duration_seconds_count{task_type=send_email}"] == 4
    assert found["stillframe_handler_duration_seconds_sum{task_type=send_email}"] == pytest.approx(0.8)


def test_hand_offs_and_dead_letters_count_once_acknowledged() -> None:
    """By the topic written to; dead letters also by the task topic, which is what an alert is about."""
    source = arrival(partition())
    tier, dlq = FAMILY.retry_topic(FAMILY.tiers[0]), FAMILY.dead_letter_topic
    found = after(
        HandedOff(source, tier, Retry(1, FAILURE)), HandedOff(source, dlq, Dead(FAILURE)),
        events.HandOffFailed(source, dlq, "refused"),
    )  # fmt: skip
    assert found["stillframe_handoffs_total{topic=emails.mailer.retry.1m}"] == 1
    assert found["stillframe_handoffs_total{topic=emails.mailer.dlq}"] == 1
    assert found["stillframe_handoff_failures_total{topic=emails.mailer.dlq}"] == 1
    assert found["stillframe_dead_letters_total{topic=emails}"] == 1


def test_what_befalls_the_worker_is_counted() -> None:
    """Commits, rebalances, timeouts, crashes and the client's own troubles."""
    source = arrival(partition(tier=FAMILY.tiers[0]))
    found = after(
        events.Committed([]), events.CommitFailed("no"), events.CommitFailed("no"), events.PartitionsAssigned([]),
        events.PartitionsRevoked([], [], []), events.PartitionsLost([]), events.AttemptTimedOut(source),
        events.HandlerCrashed(source, "SystemExit"), events.ClientTrouble("_TRANSPORT", "refused"),
    )  # fmt: skip
    assert found["stillframe_commits_total"] == 1
    assert found["stillframe_commit_failures_total"] == 2
    kinds = ("assigned", "revoked", "lost")
    assert [found[f"stillframe_rebalances_total{{kind={kind}}}"] for kind in kinds] == [1, 1, 1]
    assert found["stillframe_handler_timeouts_total{topic=emails}"] == 1
    assert found["stillframe_handler_crashes_total{topic=emails}"] == 1
    assert found["stillframe_client_troubles_total"] == 1


def test_a_partition_is_shown_as_it_was_at_the_last_reading() -> None:
    """In flight, frontier, what the broker has, the oldest unfinished, paused and stopped."""
    source = partition(3, start=40)
    source.ledger.receive(40, 100)
    source.ledger.receive(41, 100)
    source.committed = CommitPoint(40, "")
    source.paused, source.stopped = "span", "offset out of range"
    found = after(events.LogsMeasured({source: LogBounds(3, 52)}, ()), Turned([source], 5, 6, 7))
    where = "{partition=3,topic=emails}"
    assert found[f"stillframe_partition_unfinished{where}"] == 2
    assert found[f"stillframe_partition_frontier_offset{where}"] == 40
    assert found[f"stillframe_partition_committed_offset{where}"] == 40
    assert found[f"stillframe_partition_oldest_unfinished_seconds{where}"] >= 0
    assert found[f"stillframe_partition_lag{where}"] == 12
    assert found[f"stillframe_partition_stopped{where}"] == 1
    assert found["stillframe_partitions_paused{reason=span}"] == 1
    assert [found[f"stillframe_{name}"] for name in ("running", "queued", "waiting")] == [5, 6, 7]
    assert 0 <= found["stillframe_last_turn_age_seconds"] < 60
    assert found[f"stillframe_build_info{{group=mailer,version={version('stillframe-consumer')}}}"] == 1


@pytest.mark.parametrize("lost", [False, True])
def test_a_partition_that_has_left_leaves_no_series(lost: bool) -> None:
    """A worker that lives through a thousand rebalances shows what it owns, and no more."""
    source, other = partition(3), partition(4)
    gone = events.PartitionsLost([source]) if lost else events.PartitionsRevoked([source], [], [])
    found = after(Turned([source, other], 0, 0, 0), gone)
    assert not any("partition=3" in name for name in found)
    assert any("partition=4" in name for name in found)


def test_every_metric_is_in_the_one_place() -> None:
    """What is shown is declared in metric_names, by name, help and labels, and nothing else is."""
    source = partition()
    metrics = Metrics("mailer")
    metrics(Turned([source], 0, 0, 0))
    families = {family.name: family for family in metrics.registry.collect()}
    assert sorted(families) == sorted(metric.name for metric in ALL)
    for metric in ALL:
        assert families[metric.name].documentation == metric.help
        for sample in families[metric.name].samples:
            assert set(sample.labels) - {"le"} <= set(metric.labels)


def test_workers_in_one_process_do_not_share_a_registry() -> None:
    """Two of them, or one in a test after another, count for themselves."""
    one, other = Metrics("mailer"), Metrics("mailer")
    one(events.Committed([]))
    assert (shown(one)["stillframe_commits_total"], shown(other)["stillframe_commits_total"]) == (1, 0)


class TestReadings:
    """Readings are taken by the thread that owns the ledgers, at its pulse, once a second at most."""

    def test_they_are_taken_once_a_second(self) -> None:
        """The pulse itself is always noted."""
        readings, source = Readings(), partition()
        readings.take(self.turn(source), 100.0)
        source.ledger.receive(7, 1)
        readings.take(self.turn(source), 100.0 + EVERY / 2)
        assert (readings.turned, readings.partitions[0].unfinished) == (100.5, 0)
        readings.take(self.turn(source), 100.0 + EVERY)
        assert readings.partitions[0].unfinished == 1

    def test_the_age_is_that_of_the_frontier(self) -> None:
        """It grows while the same offset is the lowest unfinished one, and starts anew with the next."""
        readings, source = Readings(), partition()
        for offset in (7, 8):
            source.ledger.receive(offset, 1)
        readings.take(self.turn(source), 100.0)
        readings.take(self.turn(source), 130.0)
        assert readings.partitions[0].oldest_age(131.0) == 31.0
        source.ledger.finish(7)
        readings.take(self.turn(source), 132.0)
        assert readings.partitions[0].oldest_age(140.0) == 8.0
        source.ledger.finish(8)
        readings.take(self.turn(source), 150.0)
        assert readings.partitions[0].oldest_age(999.0) == 0.0

    def test_a_partition_that_comes_back_is_another_one(self) -> None:
        """Its age does not go on from the ownership before."""
        readings, source = Readings(), partition()
        source.ledger.receive(7, 1)
        readings.take(self.turn(source), 100.0)
        back = partition()
        back.ledger.receive(7, 1)
        readings.take(self.turn(back), 200.0)
        assert readings.partitions[0].oldest_age(205.0) == 5.0

    @staticmethod
    def turn(source: Partition) -> Turned:
        return Turned([source], 0, 0, 0)

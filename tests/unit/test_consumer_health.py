"""Health: what its sentences say, and the port on which they are asked for."""

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic import TypeAdapter

from stillframe.consumer import WorkerSettings, events
from stillframe.consumer.events import AttemptStarted, Turned
from stillframe.consumer.explain.facts import WorkerFacts
from stillframe.consumer.explain.insight import Insight
from stillframe.consumer.health import Health, Verdict, serve_health
from stillframe.consumer.health.vitals import Vitals
from stillframe.consumer.intake.partition import LogBounds
from stillframe.consumer.intake.pressure import SPAN
from stillframe.consumer.listeners.metrics import Metrics
from stillframe.schemas import SettingsError
from tests.arrivals import arrival, partition

NOW = 1_000.0


def started(silent_join: bool = False) -> Vitals:
    vitals = Vitals(60.0, silent_join=silent_join)
    vitals.observe(events.WorkerStarted("mailer", ("emails",)), NOW)
    return vitals


def joined() -> Vitals:
    vitals = started()
    vitals.observe(events.PartitionsAssigned([]), NOW)
    return vitals


class TestVerdicts:
    """Examples with their sentences; tests/property has the rules."""

    def test_a_worker_is_ready_once_it_has_joined(self) -> None:
        """Alive from the first moment, ready with its group, also without a single partition."""
        unborn = Vitals(60.0)
        assert unborn.live(NOW) == Verdict(ok=True)
        assert unborn.ready(NOW).reasons[0].startswith("not started")
        (reason,) = started().ready(NOW).reasons
        assert reason.startswith("has not joined its group yet")
        assert joined().ready(NOW) == Verdict(ok=True)

    def test_a_group_that_says_nothing_is_joined_with_the_first_turn(self) -> None:
        """Under KIP-848 a member that gets no partition hears nothing."""
        vitals = started(silent_join=True)
        assert not vitals.ready(NOW).ok
        vitals.observe(Turned([], 0, 0, 0), NOW)
        assert vitals.ready(NOW).ok

    def test_a_stall_names_partition_offset_and_task(self) -> None:
        """The attempt that has run longest, for it is the one to look at."""
        vitals, source = joined(), partition(3)
        for offset, task_id in ((41, "0198"), (42, "0199")):
            vitals.observe(AttemptStarted(arrival(source, offset), "send_email", task_id), NOW + offset)
        vitals.observe(Turned([source], 2, 12, 0), NOW + 120)
        (reason,) = vitals.ready(NOW + 120).reasons
        assert reason.startswith("nothing has finished for 120 s; 2 running, 12 queued; oldest running: ")
        assert reason.endswith("emails[3] offset 41, task send_email 0198, for 79 s")

    def test_a_stall_without_a_running_attempt_is_one_too(self) -> None:
        """Work is queued and no thread takes it."""
        vitals = joined()
        vitals.observe(Turned([], 0, 5, 0), NOW + 61)
        assert "0 running, 5 queued; oldest running: none" in vitals.ready(NOW + 61).reasons[0]

    def test_a_partition_that_one_task_has_filled_is_named(self) -> None:
        """The rest of the worker goes on, and would hide it."""
        vitals, stuck, well = joined(), partition(3), partition(4)
        vitals.observe(AttemptStarted(arrival(stuck, 41), "send_email", "0198"), NOW)
        stuck.paused = SPAN
        done = arrival(well)
        vitals.observe(AttemptStarted(done, "send_email", "0199"), NOW + 60)
        vitals.observe(events.HandlerCrashed(done, "SystemExit"), NOW + 60)
        vitals.observe(Turned([stuck, well], 1, 0, 0), NOW + 61)
        (reason,) = vitals.ready(NOW + 61).reasons
        assert reason.startswith("emails[3] is full (span), nothing of it has finished for 61 s; oldest running: ")
        assert reason.endswith("emails[3] offset 41, task send_email 0198, for 61 s")

    def test_a_partition_that_cannot_move_is_named(self) -> None:
        """Held by a write that fails, or stopped by the client; not once it has left."""
        vitals, held, stopped = joined(), partition(3), partition(4)
        vitals.observe(Turned([held, stopped], 0, 0, 0), NOW)
        held.held, stopped.stopped = 2, "offset out of range"
        vitals.observe(events.HandOffFailed(arrival(held, 7), "emails.mailer.dlq", "not allowed"), NOW)
        assert vitals.ready(NOW).reasons == (
            "emails[3]: 2 task(s) are held, for writing them to their next topic fails: not allowed",
            "emails[4] cannot be read on: offset out of range",
        )
        held.owned = stopped.owned = False
        assert vitals.ready(NOW).ok

    def test_records_that_do_not_arrive_are_told_with_the_clients_trouble(self) -> None:
        """Such as a response that is larger than receive.message.max.bytes: it shows itself as silence."""
        vitals, silent = joined(), partition(3, start=41)
        vitals.observe(events.LogsMeasured({silent: LogBounds(0, 50)}, ()), NOW)
        vitals.observe(events.ClientTrouble("_BAD_MSG", "invalid response size"), NOW + 60)
        vitals.observe(Turned([silent], 0, 0, 0), NOW + 60)
        assert vitals.ready(NOW + 60).ok
        assert vitals.ready(NOW + 61).reasons == (
            (
                "emails[3]: nothing has arrived from offset 41 on for 61 s, though the log ends at 50; "
                "the client's last trouble: invalid response size"
            ),
        )
        silent.ledger.receive(41, 1)
        vitals.observe(Turned([silent], 0, 0, 0), NOW + 62)
        assert vitals.ready(NOW + 62).ok

    def test_a_topic_that_does_not_exist_is_named(self) -> None:
        """Until the broker says that it does."""
        vitals = joined()
        vitals.observe(events.LogsMeasured({}, ("emails",)), NOW)
        assert vitals.ready(NOW).reasons == ("topic emails does not exist",)
        vitals.observe(events.LogsMeasured({}, (), ("emails",)), NOW)
        assert vitals.ready(NOW).reasons == (
            "topic emails is forbidden: grant this principal Read and Describe on it",
        )
        vitals.observe(events.LogsMeasured({}, ()), NOW + 1)
        assert vitals.ready(NOW + 1).ok

    def test_an_outage_is_over_when_a_broker_answers(self) -> None:
        """librdkafka falls silent in a long one; an idle worker hears of the logs every few seconds."""
        vitals, down = joined(), events.ClientTrouble("_ALL_BROKERS_DOWN", "1/1 brokers are down")
        vitals.observe(down, NOW)
        vitals.observe(Turned([], 0, 0, 0), NOW + 600)
        vitals.observe(events.LogsMeasured({}, (), answered=False), NOW + 600)
        assert vitals.ready(NOW + 600).reasons == ("all brokers are down",)
        for answer in (events.LogsMeasured({}, ()), events.Committed([])):
            vitals.observe(down, NOW + 600)
            vitals.observe(answer, NOW + 601)
            assert vitals.ready(NOW + 601).ok

    def test_commits_that_are_refused_for_long_are_told(self) -> None:
        """Tasks get done, but after a crash all of it would be done again."""
        vitals = joined()
        for second in range(0, 62, 20):
            vitals.observe(events.Turned([], 0, 0, 0), NOW + second)
            vitals.observe(events.CommitFailed("not allowed"), NOW + second)
        assert vitals.ready(NOW + 61).reasons == ("commits have been refused for 61 s: not allowed",)
        vitals.observe(events.Committed([]), NOW + 61)
        assert vitals.ready(NOW + 61).ok

    def test_a_silent_loop_is_dead_and_a_drain_is_not(self) -> None:
        """A drain ends by its own deadline; killing it early would lose what it still saves."""
        vitals = joined()
        assert vitals.live(NOW + 30).ok
        assert vitals.live(NOW + 31) == Verdict(False, ("the poll loop has not turned for 31 s",))
        vitals.observe(events.Draining("asked to stop"), NOW + 31)
        assert vitals.live(NOW + 99).ok
        assert vitals.ready(NOW + 99).reasons == ("draining: asked to stop",)

    @pytest.mark.parametrize(
        ("stall_after", "timeouts", "limit"),
        [(60.0, [], 60.0), (60.0, [None, 10.0], 60.0), (60.0, [45.0, 10.0, None], 90.0)],
        ids=["none", "short", "long"],
    )
    def test_the_longest_timeout_counts_twice(
        self, stall_after: float, timeouts: list[float | None], limit: float
    ) -> None:
        """A handler that may take long is no stall before twice its time."""
        assert Health(stall_after, timeouts)._vitals.progress._limit == limit


class TestTheListener:
    """Real time, real threads."""

    def test_it_follows_the_events(self) -> None:
        """Unready, ready, draining."""
        health = Health(60.0, [None])
        assert not health.ready().ok
        health(events.WorkerStarted("mailer", ("emails",)))
        health(events.PartitionsAssigned([]))
        assert health.ready() == health.live() == Verdict(ok=True)
        health(events.Draining("asked to stop"))
        assert not health.ready().ok
        assert health.live().ok


class TestTheServer:
    """``/metrics``, ``/livez`` and ``/readyz``."""

    def test_probes_get_a_verdict(self) -> None:
        """200 or 503, and the reasons as JSON."""
        health = Health(60.0, [])
        with serving(health) as get:
            status, body = get("/readyz")
            assert (status, json.loads(body)["status"]) == (503, "unready")
            assert json.loads(body)["reasons"][0].startswith("not started")
            assert get("/livez") == (200, b'{"status":"alive","reasons":[]}')
            health(events.WorkerStarted("mailer", ("emails",)))
            health(events.PartitionsAssigned([]))
            assert get("/readyz") == (200, b'{"status":"ready","reasons":[]}')

    def test_prometheus_gets_the_workers_own_metrics(self) -> None:
        """And nothing of the process's default registry."""
        metrics = Metrics("mailer")
        metrics(events.Committed([]))
        with serving(Health(60.0, []), metrics) as get:
            status, body = get("/metrics")
        assert status == 200
        assert b"\nstillframe_commits_total 1.0\n" in body
        assert b"python_info" not in body

    def test_it_explains(self) -> None:
        """With the same facts as the command; a worker that has no partition yet says at least whose it is."""
        with serving(Health(60.0, [])) as get:
            status, body = get("/explain")
        assert status == 200
        assert TypeAdapter(WorkerFacts).validate_json(body) == WorkerFacts("mailer", 1)

    def test_anything_else_is_not_found(self) -> None:
        """It says what there is."""
        with serving(Health(60.0, [])) as get:
            assert get("/") == (404, b"there are /metrics, /livez, /readyz and /explain\n")

    def test_none_turns_it_off(self) -> None:
        """No port, no thread."""
        settings = WorkerSettings(health_port=None)
        with serve_health(settings, Health(60.0, []), Metrics("mailer"), Insight("mailer", 1)) as address:
            assert address is None

    def test_a_port_that_is_taken_is_refused_with_its_cure(self) -> None:
        """Two workers on one machine: the second says which setting to change."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            with pytest.raises(SettingsError, match=f"health_port {port} is taken: set STILLFRAME_HEALTH_PORT"):
                enter(health_port=port)

    def test_an_address_that_is_not_ours_is_refused_with_its_cure(self) -> None:
        """192.0.2.0/24 is nobody's (RFC 5737)."""
        with pytest.raises(
            SettingsError, match=r"health_host '192\.0\.2\.1' cannot be bound .* STILLFRAME_HEALTH_HOST"
        ):
            enter(health_host="192.0.2.1")

    def test_the_port_is_free_again_afterwards(self) -> None:
        """A restart in the same process, as in a test."""
        with serving(Health(60.0, [])) as get:
            port = get.port
        with serving(Health(60.0, []), health_port=port) as get:
            assert get("/livez")[0] == 200


class Get:
    """Asks one server."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        assert parts.port is not None
        self.host, self.port = parts.hostname or "", parts.port

    def __call__(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=10)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()


@contextmanager
def serving(health: Health, metrics: Metrics | None = None, **settings: Any) -> Iterator[Get]:
    local: dict[str, Any] = {"health_host": "127.0.0.1", "health_port": 0}
    chosen = WorkerSettings(**(local | settings))
    with serve_health(chosen, health, metrics or Metrics("mailer"), Insight("mailer", 1)) as address:
        assert address is not None
        yield Get(address)


def enter(**settings: Any) -> None:
    with serving(Health(60.0, []), **settings):
        raise AssertionError("it was bound")

"""Whoever can ask only the broker is told what the first open task of each partition waits for, and whose it is."""

import json
import socket
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest

from stillframe.consumer.operate import explain
from stillframe.consumer.operate.cluster import Group
from stillframe.consumer.operate.errors import CommandError
from stillframe.consumer.operate.explain import ask_worker
from stillframe.consumer.operate.lag import PartitionLag, Role, TopicLag
from stillframe.consumer.operate.progress import Progress
from stillframe.consumer.operate.scan import Range, Written
from stillframe.consumer.operate.standing import Frontier, Standing, why
from stillframe.consumer.progress.strict_waits import Wait
from stillframe.schemas import Record

NOW = 1_800_000_000_000
OWNER = "mailer-0 on 10.0.0.7"
STABLE = Group("STABLE", 2, {("emails", 0): OWNER})
FACTS = {"group": "mailer", "threads": 4, "partitions": []}


def standing(
    progress: Progress | None = None,
    *,
    start: int = 0,
    owner: str | None = OWNER,
    frontier: Frontier | None = None,
) -> Standing:
    """Of a partition with 50 offsets."""
    return Standing("emails", Role.TASKS, PartitionLag.of(0, start, 50, progress), owner, frontier)


def frontier(offset: int = 30, *, attempt: int = 1, due: int | None = None) -> Frontier:
    return Frontier(offset, "send_email", "0198", attempt, due, NOW - 90_000)


def test_the_first_task_without_an_outcome_is_named() -> None:
    """With its age, and what ended behind it: that is not in anybody's way."""
    assert why(standing(Progress(30, ((31, 45),)), frontier=frontier()), STABLE, NOW) == (
        "offset 30 (send_email 0198) has no outcome yet, written 1 min ago; "
        "20 offsets are not committed, 14 of them done"
    )


@pytest.mark.parametrize(
    ("progress", "keeps"),
    [(Progress(30), ""), (Progress(30, waits=(Wait(30, 3, NOW + 5_000, NOW),)), " and its place")],
)
def test_what_waits_for_its_time_is_no_trouble(progress: Progress, keeps: str) -> None:
    """A retry in its retry topic by its header, a strict one at its place by the commit's metadata."""
    due = None if progress.waits else NOW + 5_000
    told = why(standing(progress, frontier=frontier(attempt=1 if progress.waits else 3, due=due)), STABLE, NOW)
    assert told.startswith("offset 30 (send_email 0198), attempt 3, waits for its time, 2027-01-15T08:00:05")
    assert (", and keeps its place" in told) is bool(keeps)


@pytest.mark.parametrize(
    ("group", "because"),
    [
        (Group("EMPTY", 0, {}), "no worker of the group runs"),
        (Group("PREPARING_REBALANCING", 2, {}), "the group is rebalancing (PREPARING_REBALANCING)"),
        (Group("STABLE", 2, {}), "none of the group's 2 members is subscribed to it"),
    ],
)
def test_a_partition_without_an_owner_says_why_it_has_none(group: Group, because: str) -> None:
    """That is what has to be mended; the task at its head has done nothing wrong."""
    told = why(standing(Progress(30), owner=None, frontier=frontier()), group, NOW)
    assert told == f"20 offsets are not committed, and {because}"


def test_what_is_done_and_what_is_lost_is_said() -> None:
    """Lost comes first, whoever owns it."""
    assert why(standing(Progress(50)), STABLE, NOW) == "everything is done"
    assert why(standing(Progress(30), start=40), STABLE, NOW) == (
        "10 offsets were deleted by retention before they were committed, up to 40"
    )
    assert why(standing(Progress(30)), STABLE, NOW).startswith("nothing could be read at offset 30;")


def test_what_cannot_be_read_hides_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be the very record that a worker is stuck at; and nothing that its headers say is printed as it is."""

    def scan(_settings: object, ranges: Sequence[Range]) -> Generator[Written]:
        for each in ranges:
            if each.partition == 1:
                raise CommandError("emails[1] cannot be read")
            headers = (("ce_id", b"\x1b[2J0198"), ("ce_type", b"x" * 1_000))
            yield Record(each.topic, None, b"", headers, each.partition, each.start), NOW

    monkeypatch.setattr(explain, "scan", scan)
    lags = tuple(PartitionLag(number, 0, 50, Progress(30)) for number in range(3))
    cluster: Any = SimpleNamespace(settings=None)
    found = explain._frontiers(cluster, [TopicLag("emails", Role.TASKS, None, lags)])
    assert found.keys() == {("emails", 0), ("emails", 2)}
    told = found["emails", 0]
    assert told.offset == 30
    assert "\x1b" not in (told.task_id or "")
    assert len(told.task_type or "") < 200


def test_a_worker_is_asked_at_its_health_port() -> None:
    """Whatever path was typed behind the port."""
    with answering(200, FACTS) as url:
        assert ask_worker(f"{url}/health").threads == 4


def test_an_address_that_is_no_workers_is_refused_with_a_way_out() -> None:
    """It names the address and what came instead."""
    with answering(404, {}) as url, pytest.raises(CommandError, match="it answers with 404") as refused:
        ask_worker(url)
    assert "STILLFRAME_HEALTH_PORT" in refused.value.__notes__[0]
    with answering(200, {"up": True}) as url, pytest.raises(CommandError, match="not that of a worker"):
        ask_worker(url)
    with mute() as url, pytest.raises(CommandError, match="no worker tells anything"):
        ask_worker(url)
    with pytest.raises(CommandError, match="refused"):
        ask_worker(url)
    with pytest.raises(CommandError, match="'localhost:9464' is no address"):
        ask_worker("localhost:9464")


@contextmanager
def mute() -> Iterator[str]:
    """The address of something that speaks another protocol, as a Kafka broker does."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1_000)
                connection.sendall(b"\x00\x00\x00\x04nope\n")

        thread = Thread(target=answer, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join()


@contextmanager
def answering(status: int, body: object) -> Iterator[str]:
    """The address of something that answers so to one request."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *args: object) -> None:
            """Nobody reads it."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()

"""The last commit of a revoked partition is not waited for: polling goes on, a stop meanwhile is bounded (I6, I7)."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise

import pytest

from stillframe.consumer import TaskContext, Worker
from stillframe.consumer.deadlines import LONGEST_COMMIT, LONGEST_LEAVE
from stillframe.consumer.events import Event, Turned
from stillframe.consumer.progress.commits import Commits
from tests.engine.journal import Journal
from tests.engine.looking import await_commits
from tests.engine.protocols import ASSIGNOR
from tests.engine.running import make_worker, running
from tests.engine.topics import create_family
from tests.engine.work import Work, submit, work_type
from tests.kafka import Cluster
from tests.waiting import wait_until

TASKS = 200
#: Seconds of silence: longer than any pause of a healthy loop, shorter than the session.
SILENCE = 3.5
LONGEST_PAUSE = 2.0
LONG_SESSION = {"session.timeout.ms": 30_000, "heartbeat.interval.ms": 500}
PROTOCOLS: dict[str, dict[str, object]] = {
    "range": {**LONG_SESSION},
    "cooperative": {**LONG_SESSION, ASSIGNOR: "cooperative-sticky"},
    # So long the coordinator waits for a member whose word that it has let partitions go was lost (docs/faults.md).
    "KIP-848": {"group.protocol": "consumer", "max.poll.interval.ms": 45_000},
}


class Silence:
    """The broker falls silent at the very moment of the next last commit."""

    def __init__(self, kafka: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
        self._pid = kafka.pids[0]
        self._armed = False
        self.since = 0.0
        last: Callable[..., None] = Commits.last

        def fall_silent(commits: Commits, *arguments: object) -> None:
            if self._armed:
                self._armed = False
                os.kill(self._pid, signal.SIGSTOP)
                self.since = time.monotonic()
            last(commits, *arguments)

        monkeypatch.setattr(Commits, "last", fall_silent)

    @contextmanager
    def falling(self) -> Iterator[None]:
        """A rebalance is under way: from its first last commit on until the end."""
        self.since, self._armed = 0.0, True
        try:
            wait_until(lambda: self.since, timeout=40, describe="a partition to be revoked")
            yield
        finally:
            os.kill(self._pid, signal.SIGCONT)


@pytest.mark.parametrize(
    "own_kafka", [{"group.consumer.session.timeout.ms": 30_000}], indirect=True, ids=["long-session"]
)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_coordinator_that_falls_silent_in_a_revoke_stops_no_polling(
    own_kafka: Cluster, topic_name: str, monkeypatch: pytest.MonkeyPatch, protocol: str
) -> None:
    journal = Journal()
    turns: list[float] = []
    silence = Silence(own_kafka, monkeypatch)
    task_type = work_type(topic_name)
    acknowledged: set[str] = set()

    def watch(event: Event) -> None:
        if isinstance(event, Turned):
            turns.append(time.monotonic())

    def handle(work: Work, context: TaskContext) -> None:
        """It is done at once."""

    def worker(name: str) -> Worker:
        return make_worker(
            own_kafka.bootstrap_servers,
            "g",
            task_type,
            handle,
            middleware=[journal.middleware(name)],
            listeners=[watch] if name == "one" else [],
            kafka=PROTOCOLS[protocol],
            # What was done in an ownership has no commit but its last one.
            commit_interval=60.0,
            commit_outcomes=100_000,
        )

    def all_done() -> None:
        works = [Work(number=n, key=f"k{n % 50}") for n in range(TASKS)]
        acknowledged.update(submit(own_kafka.bootstrap_servers, task_type, works))
        # Longer than a session: who stopped in the silence may still be a member.
        wait_until(lambda: journal.done == acknowledged, timeout=90, describe="all tasks to be done")

    first = worker("one")
    create_family(own_kafka, first)
    with ExitStack() as others:
        one = others.enter_context(ExitStack())
        one.enter_context(running(first))
        all_done()
        others.enter_context(running(worker("two")))
        with silence.falling():
            end = silence.since + SILENCE
            wait_until(lambda: time.monotonic() > end, timeout=2 * SILENCE, describe="the silence to last")
        during = [turn for turn in tuple(turns) if silence.since - 1 <= turn <= end]
        assert max(late - early for early, late in pairwise([*during, end])) < LONGEST_PAUSE
        await_commits(own_kafka.bootstrap_servers, "g", topic_name, timeout=40)
        assert journal.duplicates == set()

        all_done()
        others.enter_context(running(worker("three")))
        with silence.falling():
            one.close()
            assert time.monotonic() - silence.since < LONGEST_COMMIT + LONGEST_LEAVE + 2
        all_done()

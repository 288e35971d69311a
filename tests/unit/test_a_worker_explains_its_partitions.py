"""A worker says of each partition what its commits wait for, and what keeps its intake: facts, then a sentence."""

import re
import threading
from dataclasses import replace

import pytest

from stillframe.consumer.dispatch.desk import Desk
from stillframe.consumer.dispatch.executors import epoch_milliseconds
from stillframe.consumer.dispatch.lease import Lease
from stillframe.consumer.events import (
    AttemptEnded,
    AttemptStarted,
    CommitFailed,
    Committed,
    Draining,
    HandOffFailed,
    LogsMeasured,
    PartitionsRevoked,
    Turned,
)
from stillframe.consumer.executor import Executor
from stillframe.consumer.explain.facts import Oldest, PartitionFacts, State, WorkerFacts
from stillframe.consumer.explain.insight import Insight
from stillframe.consumer.explain.sentences import why
from stillframe.consumer.explain.where import explained, stacks
from stillframe.consumer.intake.arrival import Arrival
from stillframe.consumer.intake.assignment import Assignment
from stillframe.consumer.intake.partition import LogBounds
from stillframe.consumer.outcome.classify import Failure
from stillframe.consumer.outcome.end import Dead, Done, Retry
from stillframe.consumer.outcome.handoff import HandOff
from stillframe.consumer.outcome.hop import next_hop
from stillframe.consumer.progress.ledger import CommitPoint, Ledger
from stillframe.consumer.quarantine.marks import Verdict
from tests.arrivals import FAMILY, arrival

NOW = epoch_milliseconds()
RETRY = Retry(NOW + 3_590_000, Failure("builtins.ValueError", "no", "mail.py:14 in deliver", permanent=False))
DEAD = Dead(Failure("builtins.ValueError", "mail.py:14 in deliver", "no", permanent=True))


class HandOffs:
    """Those that are under way."""

    def __init__(self, *handoffs: HandOff) -> None:
        self.handoffs = handoffs

    def under_way(self) -> tuple[HandOff, ...]:
        return self.handoffs


class Worker:
    """An insight with one partition, in which the offsets 40 to 42 have arrived."""

    def __init__(self) -> None:
        assignment = Assignment([FAMILY])
        self.partition = assignment.add(FAMILY.topic, 0, Ledger(40))
        self.partition.committed = CommitPoint(40, "")
        for offset in (40, 41, 42):
            self.partition.ledger.receive(offset, 100)
        self.insight = Insight("mailer", threads=2)
        self.handoffs = HandOffs()
        self.desk = Desk({Executor.THREAD: 2}, Lease(3_600), memory_wait=3_600_000)
        self.desk.lease.turned(0.0)
        self.insight.attach(assignment, self.handoffs, self.desk)
        self.insight(Turned([self.partition], 0, 3, 0))

    def arrival(self, offset: int = 40, lane: str | None = None) -> Arrival:
        return arrival(self.partition, offset, lane=lane)

    def run(self) -> Arrival:
        """The next that may start."""
        started = self.desk.take(Executor.THREAD, NOW, 0.0)
        assert started is not None
        self.insight(AttemptStarted(started, "send_email", "0198"))
        return started

    @property
    def facts(self) -> PartitionFacts:
        (facts,) = self.insight.facts().partitions
        return facts

    @property
    def why(self) -> str:
        return why(self.facts, self.insight.facts())


@pytest.fixture
def worker() -> Worker:
    return Worker()


def test_a_task_that_runs_is_named_with_its_thread(worker: Worker) -> None:
    """And for how long: that is what an operator asks first."""
    started = AttemptStarted(worker.arrival(), "send_email", "0198")
    noted, asked = threading.Event(), threading.Event()

    def run() -> None:
        worker.insight(started)
        noted.set()
        asked.wait(10)

    thread = threading.Thread(target=run, name="stillframe-handler-7")
    thread.start()
    noted.wait(10)
    assert worker.why == "offset 40 (send_email 0198) has been running for 0.0 s in stillframe-handler-7"
    assert worker.facts.oldest is not None
    assert (worker.facts.oldest.offset, worker.facts.oldest.state) == (40, State.RUNNING)
    asked.set()
    thread.join()


def test_a_task_that_has_ended_runs_no_longer(worker: Worker) -> None:
    """What comes next is the lowest offset without an outcome."""
    task = worker.arrival()
    worker.insight(AttemptStarted(task, "send_email", "0198"))
    worker.insight(AttemptEnded(task, "send_email", "0198", Done(), 0.1))
    worker.partition.ledger.finish(40)
    assert worker.why == "offset 41 waits in line"


def test_a_task_that_waits_for_its_lane_names_what_runs_there(worker: Worker) -> None:
    """A retry runs behind the key's next task under relaxed retry order, and waits for it."""
    worker.desk.offer([worker.arrival(41, "ada"), worker.arrival(40, "ada")], NOW)
    worker.run()
    assert worker.why == "offset 40 waits for offset 41 of its lane, which has been running for 0.0 s"


def test_a_task_that_waits_for_its_time_says_when(worker: Worker) -> None:
    """Its attempt too: that is not one that nobody cares for."""
    task, now = worker.arrival(), epoch_milliseconds()
    in_a_minute = replace(RETRY, due=now + 60_000)
    worker.desk.offer([task], now)
    worker.desk.settle(worker.run(), in_a_minute, now)
    worker.insight(AttemptEnded(task, "send_email", "0198", in_a_minute, 0.1))
    assert re.fullmatch(r"offset 40 \(attempt 2\) waits for its time, in \d\d s", worker.why)


def test_a_suspect_says_what_it_waits_for(worker: Worker) -> None:
    """Nothing else starts meanwhile, so it is what an operator looks for."""
    suspect = worker.arrival()
    suspect.verdict = Verdict.ALONE
    worker.desk.offer([worker.arrival(41), suspect], NOW)
    worker.run()
    assert worker.desk.take(Executor.THREAD, NOW, 0.0) is None
    assert worker.why == "offset 40 is suspected of ending the process, and waits until nothing else runs"


def test_a_strict_retry_is_named_by_what_stands_behind_it(worker: Worker) -> None:
    """It does not run, so there is no telling for how long."""
    head, behind = worker.arrival(41, "ada"), worker.arrival(40, "ada")
    head.strict = behind.strict = True
    worker.desk.offer([head, behind], NOW)
    worker.desk.settle(worker.run(), RETRY, NOW)
    worker.insight(AttemptEnded(head, "send_email", "0198", RETRY, 0.1))
    assert worker.why == "offset 40 waits for offset 41 of its lane, which waits for its time"


def test_a_write_that_is_refused_is_named(worker: Worker) -> None:
    """With its topic and the broker's reason."""
    task = worker.arrival()
    worker.handoffs.handoffs = (HandOff(task, DEAD, next_hop(task, DEAD, 0)),)
    worker.partition.held = 1
    worker.insight(HandOffFailed(task, "emails.mailer.dlq", "no such topic"))
    assert worker.why == (
        "offset 40 has ended, and its write to emails.mailer.dlq is not acknowledged; "
        "1 task(s) cannot be written to their next topic; "
        "last error: writing to emails.mailer.dlq: no such topic"
    )


def test_a_pause_says_why(worker: Worker) -> None:
    """Intake is another matter than what commits wait for."""
    worker.partition.paused = "span"
    assert worker.why == "offset 40 waits in line; nothing more is taken in: span"


def test_a_stop_is_the_reason_for_what_is_not_started(worker: Worker) -> None:
    """Nothing is taken in then either."""
    worker.insight(Draining("asked to stop"))
    worker.partition.paused = "the worker is stopping"
    assert worker.why == "offset 40 is not started any more; the worker is stopping: asked to stop"


def test_what_is_done_may_not_have_arrived_or_not_be_committed(worker: Worker) -> None:
    """The log's end is the broker's word, and so is a commit."""
    for offset in (40, 41, 42):
        worker.partition.ledger.finish(offset)
    assert worker.why == "done up to offset 43, and the commit of it is under way"
    worker.insight(CommitFailed("not now"))
    assert worker.why.endswith("; last error: commit: not now")
    worker.partition.committed = CommitPoint(43, "")
    worker.insight(Committed([worker.partition]))
    assert worker.why == "everything that has arrived is done"
    worker.insight(LogsMeasured({worker.partition: LogBounds(0, 50)}, ()))
    assert worker.why == "nothing is unfinished here, and 7 offsets are still to arrive"
    assert worker.facts.committed_ago is not None


def test_what_has_left_is_forgotten(worker: Worker) -> None:
    """Ownerships are many over the weeks."""
    worker.insight(LogsMeasured({worker.partition: LogBounds(0, 50)}, ()))
    worker.insight(Committed([worker.partition]))
    worker.insight(PartitionsRevoked([worker.partition], [], []))
    assert (worker.facts.log_end, worker.facts.committed_ago) == (None, None)


@pytest.mark.parametrize(
    ("oldest", "says"),
    [
        (
            Oldest(7, State.QUEUED, behind=(5, 12.3)),
            "offset 7 waits for offset 5 of its lane, which has been running for 12 s",
        ),
        (Oldest(7, State.QUEUED), "offset 7 waits in line: all 2 threads are busy"),
        (Oldest(7, State.WAITING, attempt=3, due_in=4.0), "offset 7 (attempt 3) waits for its time, in 4.0 s"),
    ],
)
def test_each_wait_has_its_sentence(oldest: Oldest, says: str) -> None:
    """For its lane, for a thread, for its time."""
    facts = PartitionFacts("emails", 0, 1, 100, 7, 8, oldest=oldest)
    assert why(facts, WorkerFacts("mailer", 2, running=2)) == says


def test_a_client_that_cannot_read_on_comes_first() -> None:
    """Whatever else is unfinished: an operator has to act. A poll loop that stands still is said as well."""
    facts = PartitionFacts(
        "emails", 0, 1, 100, 7, 8, stopped="offset 8: out of range", oldest=Oldest(7, State.QUEUED)
    )
    assert why(facts, WorkerFacts("mailer", 2, turned_ago=30.0)) == (
        "the client cannot read on: offset 8: out of range; the poll loop has not turned for 30 s"
    )


def test_it_is_told_in_lines(worker: Worker) -> None:
    """One of the worker, one for each partition: a line that holds everything would be cut off somewhere."""
    (first, of_worker), (second, of_partition) = explained(worker.insight.facts())
    assert (first, second) == ("where_worker", "where_partition")
    assert (of_worker["threads"], of_worker["queued"]) == (2, 3)
    assert of_partition["why"] == "offset 40 waits in line"
    assert (of_partition["topic"], of_partition["partition"], of_partition["frontier"]) == ("emails", 0, 40)


def test_stacks_are_places_in_the_code() -> None:
    """The innermost first, under the thread's name; no line of code, no value."""
    told = dict(stacks())
    innermost = told["MainThread"][0]
    assert "where.py" in innermost
    assert innermost.endswith("in stacks")

"""A breaker that opens is logged, counted, noted by health and told by explain; so are dead letters that stop."""

from typing import Any

from prometheus_client.exposition import generate_latest

from stillframe.consumer.dispatch.answers import Rest
from stillframe.consumer.dispatch.circuits import Circuits
from stillframe.consumer.dispatch.desk import Desk
from stillframe.consumer.dispatch.lease import Lease
from stillframe.consumer.events import (
    CircuitBreakerChanged,
    DeadLettersResumed,
    DeadLettersStopped,
    Event,
    LogsMeasured,
    PartitionsAssigned,
    Turned,
    WorkerStarted,
)
from stillframe.consumer.executor import Executor
from stillframe.consumer.explain.facts import Oldest, PartitionFacts, WorkerFacts
from stillframe.consumer.explain.facts import State as Stands
from stillframe.consumer.explain.sentences import why
from stillframe.consumer.health.vitals import Vitals
from stillframe.consumer.intake.gate import BARRED
from stillframe.consumer.intake.partition import LogBounds
from stillframe.consumer.listeners.lines import line_of
from stillframe.consumer.listeners.metrics import Metrics
from stillframe.consumer.outcome.breaker import CircuitBreaker, State
from tests.arrivals import arrival, partition

REASON = "21 of 30 attempts have failed within 60 s"
OPENED = CircuitBreakerChanged("pay", State.OPEN, REASON)
TRIED = CircuitBreakerChanged("pay", State.HALF_OPEN, "30 s are over")
CLOSED = CircuitBreakerChanged("pay", State.CLOSED, "3 that were tried have succeeded")


def scraped(*told: Event) -> str:
    metrics = Metrics("mailer")
    for event in told:
        metrics(event)
    return generate_latest(metrics.registry).decode()


def vitals_after(*told: Event) -> Any:
    vitals = Vitals(60.0)
    for event in (WorkerStarted("mailer", ("emails",)), PartitionsAssigned([]), *told):
        vitals.observe(event, 1_000.0)
    return vitals.ready(1_000.0)


def test_the_log_says_what_has_changed_and_why() -> None:
    """An open breaker is an error for whoever watches the log, though not of the worker's."""
    assert line_of(OPENED) == (
        "error", "circuit_breaker_changed", {"task_type": "pay", "state": "open", "reason": REASON}
    )  # fmt: skip
    assert line_of(TRIED)[0] == line_of(CLOSED)[0] == "info"
    assert line_of(DeadLettersStopped("pay", 7)) == (
        "error",
        "dead_letters_stopped",
        {"task_type": "pay", "written": 7},
    )
    assert line_of(DeadLettersResumed("pay"))[0] == "info"


def test_its_state_is_a_metric() -> None:
    """One series for each state, of which one is 1; nothing at all of a breaker that never opened."""
    assert "circuit_breaker_state{" not in scraped()
    text = scraped(OPENED, TRIED, OPENED)
    assert 'stillframe_circuit_breaker_state{state="open",task_type="pay"} 1.0' in text
    assert 'stillframe_circuit_breaker_state{state="half-open",task_type="pay"} 0.0' in text
    assert 'stillframe_circuit_breaker_opened_total{task_type="pay"} 2.0' in text
    assert 'stillframe_circuit_breaker_state{state="closed",task_type="pay"} 1.0' in scraped(OPENED, TRIED, CLOSED)
    assert 'stillframe_dead_letters_stopped{task_type="pay"} 1.0' in scraped(DeadLettersStopped("pay", 7))
    resumed = scraped(DeadLettersStopped("pay", 7), DeadLettersResumed("pay"))
    assert 'stillframe_dead_letters_stopped{task_type="pay"} 0.0' in resumed


def test_lag_that_cannot_run_is_told_apart() -> None:
    """All of a topic that one type has to itself; of a shared one what is held back in memory. More workers would do
    nothing about either.
    """
    own, shared, well = partition(0), partition(1), partition(2)
    own.paused = BARRED
    logs = LogsMeasured({each: LogBounds(0, 500) for each in (own, shared, well)}, ())
    text = scraped(logs, Turned([own, shared, well], 0, 0, 0, 0, 90, {own: 50, shared: 40}))
    assert "stillframe_held_back 90.0" in text
    for number, held in ((0, 500.0), (1, 40.0), (2, 0.0)):
        assert f'stillframe_partition_lag{{partition="{number}",topic="emails"}} 500.0' in text
        assert f'stillframe_partition_held_back_lag{{partition="{number}",topic="emails"}} {held}' in text


def test_health_notes_what_is_held_back_and_stays_green() -> None:
    """It is on purpose, and a restart would help nobody."""
    opened, tried, closed = vitals_after(OPENED), vitals_after(OPENED, TRIED), vitals_after(OPENED, TRIED, CLOSED)
    assert opened.ok
    assert opened.notes == (f"task type pay is held back: {REASON}",)
    assert tried.notes == ("task type pay is tried with a few tasks, the others are held back: 30 s are over",)
    assert closed.notes == ()


def test_health_turns_red_when_dead_letters_stop() -> None:
    """That is this deployment's own fault, and a rollout of it should not go on."""
    stopped = vitals_after(DeadLettersStopped("pay", 1_000))
    assert not stopped.ok
    assert "the handler of task type pay fails everything: after 1000 dead letters no more" in stopped.reasons[0]
    assert vitals_after(DeadLettersStopped("pay", 1_000), DeadLettersResumed("pay")).ok


def test_what_is_held_back_is_no_stall() -> None:
    """Nothing finishes, for nothing may start."""
    vitals = Vitals(60.0)
    for event in (WorkerStarted("mailer", ("emails",)), PartitionsAssigned([]), OPENED):
        vitals.observe(event, 1_000.0)
    for second in range(300):
        vitals.observe(Turned([partition()], 0, 0, 0, 0, 90), 1_000.0 + second)
    assert vitals.ready(1_299.0).ok


def test_explain_says_that_a_breaker_holds_a_task_back() -> None:
    """The desk knows it of a task, the sentence tells it."""
    circuits = Circuits({"pay": CircuitBreaker()})
    desk = Desk({Executor.THREAD: 1}, Lease(60), memory_wait=0, circuits=circuits)
    source = partition()
    waits, other = arrival(source, 7), arrival(source, 8)
    waits.task_type = "pay"
    desk.doubt(["pay"], "it was failing")
    desk.offer([waits, other], 0)
    assert desk.rest(source, 7) == Rest(waits, circuit=State.HALF_OPEN)
    assert desk.rest(source, 8) == Rest(other)
    facts = PartitionFacts("emails", 0, 1, 100, 7, 8, oldest=Oldest(7, Stands.QUEUED, circuit="open"))
    assert why(facts, WorkerFacts("mailer", 2)) == (
        "offset 7 is held back: the circuit breaker of its task type is open"
    )

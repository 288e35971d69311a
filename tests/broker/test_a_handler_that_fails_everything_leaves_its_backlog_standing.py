"""A deployment that fails everything writes a bounded number of dead letters, and bad input beside that (I9)."""

from confluent_kafka import Producer

from stillframe.consumer import CircuitBreaker, PermanentError, TaskContext
from stillframe.consumer.events import DeadLettersStopped, Event, HandedOff
from stillframe.consumer.outcome.end import Dead
from tests.engine.journal import Journal
from tests.engine.looking import read_all
from tests.engine.running import make_worker, running
from tests.engine.topics import create_family
from tests.engine.work import Work, submit, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until

TASKS, BAD, LIMIT = 1_000, 30, 20


def test_a_handler_that_fails_everything_leaves_its_backlog_standing(kafka: Kafka, topic_name: str) -> None:
    broken, journal = [True], Journal()

    def handle(work: Work, context: TaskContext) -> None:
        if broken:
            raise PermanentError("a bug")

    bootstrap, task_type, events = kafka.bootstrap_servers, work_type(topic_name), list[Event]()

    def stopped() -> bool:
        return any(isinstance(event, DeadLettersStopped) for event in tuple(events))

    worker = make_worker(
        bootstrap, "g", task_type, handle, dead_letter_limit=LIMIT, breaker=CircuitBreaker(open_for=2.0),
        middleware=[journal.middleware()], listeners=[events.append],
    )  # fmt: skip
    create_family(kafka, worker)
    dead_letters = worker.families()[0].dead_letter_topic
    producer = Producer({"bootstrap.servers": bootstrap})
    for number in range(BAD):
        producer.produce(topic_name, b"{", f"bad-{number}")
    producer.flush(10)

    def written() -> int:
        return sum(isinstance(event, HandedOff) and isinstance(event.end, Dead) for event in tuple(events))

    with running(worker):
        # What lies in a partition that was not read before its topic is paused would wait with the backlog.
        wait_until(lambda: written() == BAD, timeout=60, describe="the bad input to be dead-lettered")
        assert not stopped()
        sent = submit(bootstrap, task_type, [Work(number=n, key=f"k{n}") for n in range(TASKS)])
        wait_until(stopped, timeout=60, describe="dead letters to stop")
        given_up = LIMIT + BAD
        wait_until(lambda: written() >= given_up, timeout=60, describe="the dead letters to be written")
        assert len(read_all(bootstrap, dead_letters)) == given_up
        broken.clear()
        wait_until(lambda: len(journal.done) == TASKS - LIMIT, timeout=180, describe="the backlog to be done")
    assert journal.done < set(sent)
    assert len(read_all(bootstrap, dead_letters)) == given_up

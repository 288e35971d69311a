"""A hopeless task is dead-lettered with its key, value and headers as they were, and the cause (I8, I10)."""

from stillframe.consumer import PermanentError, Retry, TaskContext
from stillframe.schemas.headers import DELIVERY_HEADERS, Origin, read_delivery_state
from tests.engine.looking import await_commits, log_ends, read_all, task_id
from tests.engine.running import make_worker, running
from tests.engine.topics import create_family
from tests.engine.work import Work, submit, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until

SECRET = "canary-4711"


def test_a_permanent_failure_is_dead_lettered_byte_identical(kafka: Kafka, topic_name: str) -> None:
    attempts: list[int] = []

    def handle(work: Work, context: TaskContext) -> None:
        attempts.append(context.attempt)
        if work.kind == "permanent":
            raise PermanentError(f"no such mailbox: {work.padding}")
        raise ConnectionError(f"no answer for {work.padding}")

    task_type = work_type(topic_name)
    retry = Retry(max_attempts=2, base=1, cap=0)
    worker = make_worker(kafka.bootstrap_servers, "g", task_type, handle, retry=retry)
    create_family(kafka, worker)
    works = [Work(number=n, key="k", kind=kind, padding=SECRET) for n, kind in enumerate(("permanent", "transient"))]
    ids = submit(kafka.bootstrap_servers, task_type, works)
    dead_letter_topic = f"{topic_name}.g.dlq"
    bootstrap = kafka.bootstrap_servers

    with running(worker):
        wait_until(lambda: sum(log_ends(bootstrap, dead_letter_topic)) == 2, timeout=30, describe="two dead letters")
        await_commits(bootstrap, "g", topic_name)

    originals = {task_id(record): record for record in read_all(bootstrap, topic_name)}
    dead = {task_id(record): record for record in read_all(bootstrap, dead_letter_topic)}
    assert set(dead) == set(ids)
    for identity, letter in dead.items():
        original = originals[identity]
        assert (letter.key, letter.value) == (original.key, original.value)
        assert tuple(h for h in letter.headers if h[0] not in DELIVERY_HEADERS) == original.headers
        assert read_delivery_state(letter).origin == Origin(topic_name, original.partition, original.offset)
        assert SECRET not in repr([h for h in letter.headers if h[0] in DELIVERY_HEADERS])
    causes = {read_delivery_state(letter).error_type for letter in dead.values()}
    assert causes == {"stillframe.consumer.errors.PermanentError", "ConnectionError"}
    assert sorted(attempts) == [1, 1, 2]

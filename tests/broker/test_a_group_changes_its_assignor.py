"""From cooperative-sticky, `range` waits for the last of the old workers; KIP-848 rolls, and repeats nothing."""

import threading
from contextlib import ExitStack

import pytest

from stillframe.consumer import TaskContext, Worker
from stillframe.consumer.events import ClientTrouble, Event, PartitionsAssigned
from stillframe.schemas import TaskType
from tests.engine.journal import Journal
from tests.engine.protocols import PROTOCOLS
from tests.engine.running import make_worker, running
from tests.engine.topics import create_family
from tests.engine.work import Work, group_of, submit, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until

TASKS = 600


class Scene:
    """An old and a new worker, and what they have done."""

    def __init__(self, kafka: Kafka, topic: str) -> None:
        self.kafka = kafka
        self.topic = topic
        self.task_type: TaskType[Work] = work_type(topic)
        self.journal = Journal()
        self.joined: set[str] = set()
        self.troubles: list[ClientTrouble] = []
        self._pause = threading.Event()

    def worker(self, name: str, protocol: str) -> Worker:
        def watch(event: Event) -> None:
            if isinstance(event, PartitionsAssigned) and event.partitions:
                self.joined.add(name)
            elif isinstance(event, ClientTrouble):
                self.troubles.append(event)

        def handle(work: Work, context: TaskContext) -> None:
            self._pause.wait(0.01)

        return make_worker(
            self.kafka.bootstrap_servers,
            group_of(self.topic),
            self.task_type,
            handle,
            middleware=[self.journal.middleware(name)],
            listeners=[watch],
            threads=2,
            kafka=PROTOCOLS[protocol],
        )

    def submit(self) -> set[str]:
        works = [Work(number=n, key=f"k{n % 60}") for n in range(TASKS)]
        return set(submit(self.kafka.bootstrap_servers, self.task_type, works))

    def await_joined(self, name: str) -> None:
        wait_until(lambda: name in self.joined, timeout=40, describe=f"the {name} worker to get partitions")

    def await_work(self, part: float) -> None:
        wait_until(lambda: len(self.journal.done) >= TASKS * part, timeout=60, describe=f"{part} of the work")


@pytest.fixture
def scene(kafka: Kafka, topic_name: str) -> Scene:
    made = Scene(kafka, topic_name)
    create_family(kafka, made.worker("any", "range"))
    return made


def test_range_waits_until_the_old_workers_have_stopped(scene: Scene) -> None:
    """It says what it waits for, and joins by itself."""
    with ExitStack() as exits:
        old = ExitStack()
        exits.push(old)
        old.enter_context(running(scene.worker("old", "cooperative")))
        scene.await_joined("old")
        acknowledged = scene.submit()
        exits.enter_context(running(scene.worker("new", "range")))
        wait_until(
            lambda: [each for each in scene.troubles if "other workers use another kind" in each.detail],
            timeout=40,
            describe="the new worker to say why it cannot join",
        )
        assert scene.joined == {"old"}
        old.close()
        scene.await_joined("new")
        scene.await_work(1)
    assert scene.journal.done == acknowledged
    assert scene.journal.duplicates == set()


@pytest.mark.parametrize("protocol", ["cooperative", "range"])
def test_kip_848_rolls(scene: Scene, protocol: str) -> None:
    """Workers of both kinds share the group for as long as the change takes."""
    with ExitStack() as exits:
        old = ExitStack()
        exits.push(old)
        old.enter_context(running(scene.worker("old", protocol)))
        scene.await_joined("old")
        acknowledged = scene.submit()
        scene.await_work(0.1)
        exits.enter_context(running(scene.worker("new", "KIP-848")))
        scene.await_joined("new")
        scene.await_work(0.5)
        old.close()
        scene.await_work(1)
    assert scene.journal.done == acknowledged
    assert scene.journal.duplicates == set()
    assert scene.journal.inversions() == []

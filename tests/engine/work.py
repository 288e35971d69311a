"""The task type of the scenarios, and how they submit it."""

from collections.abc import Iterable

from pydantic import BaseModel

from stillframe.producer import Producer, ProducerSettings
from stillframe.schemas import TaskType


class Work(BaseModel):
    """A task of the scenarios: what its handler makes of it, the scenario decides."""

    number: int
    key: str = ""
    kind: str = "plain"
    padding: str = ""


def work_type(topic: str, name: str = "work") -> TaskType[Work]:
    return TaskType(name, Work, topic=topic, key=lambda work: work.key or None)


def group_of(topic: str) -> str:
    """A group of the topic's own: one with a killed member of another scenario would rebalance slowly."""
    return f"g{topic[-7:]}"


def submit(bootstrap_servers: str, task_type: TaskType[Work], works: Iterable[Work]) -> list[str]:
    """Submit tasks and return their ids, all acknowledged by the broker, however slow that is at the moment."""
    settings = ProducerSettings(bootstrap_servers=bootstrap_servers, queue_timeout=30)
    with Producer(settings) as producer:
        return [receipt.task_id for receipt in producer.submit_many(task_type, list(works))]

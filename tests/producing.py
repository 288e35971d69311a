"""What the tests of the producer submit, and to whom."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import BaseModel

from stillframe.producer import Producer, ProducerSettings
from stillframe.producer.client import Client, Report
from stillframe.schemas import Record, TaskType
from tests.engine.looking import task_id
from tests.waiting import wait_until


class Email(BaseModel):
    to: str = "ada@example.com"
    subject: str = "hello"


def email_type(topic: str = "emails") -> TaskType[Email]:
    return TaskType("send_email", Email, topic=topic, key=lambda email: email.to)


def settings_for(bootstrap_servers: str, **values: Any) -> ProducerSettings:
    """Settings that fail within seconds rather than half a minute, and close at once."""
    quick = {"delivery_timeout": 5.0, "queue_timeout": 0.5, "close_timeout": 2.0}
    return ProducerSettings(bootstrap_servers=bootstrap_servers, **(quick | values))


def task_ids(records: Iterable[Record]) -> list[str]:
    """The task id of each record, by its CloudEvents header."""
    return [task_id(record) for record in records]


@contextmanager
def open_client(settings: ProducerSettings) -> Iterator[Client]:
    client = Client(settings)
    try:
        yield client
    finally:
        client.close(settings.close_timeout)


@contextmanager
def open_producer(bootstrap_servers: str, **values: Any) -> Iterator[Producer]:
    with Producer(settings_for(bootstrap_servers, **values)) as producer:
        yield producer


class Reports(list[Report]):
    """Collects the reports on what is sent through a client."""

    def send(self, client: Client, topic: str = "emails", value: bytes = b"{}", timeout: float = 1.0) -> None:
        client.send(topic, b"key", value, (("a", b"b"),), timeout=timeout, on_report=self.append)

    def await_(self, count: int, timeout: float = 15) -> "Reports":
        wait_until(lambda: len(self) >= count, timeout=timeout, describe=f"{count} reports", every=0.002)
        return self

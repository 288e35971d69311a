"""The web side, with a producer that records instead of Kafka."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from stillframe.producer import SubmitRejected
from stillframe.producer.fastapi import producer_of
from stillframe.producer.testing import RecordingProducer

from tasks import Email
from web import app

EMAIL = {"to": "ada@mail.example", "subject": "Hello"}


@pytest.fixture
def producer() -> Iterator[RecordingProducer]:
    recording = RecordingProducer()
    app.dependency_overrides[producer_of] = lambda: recording
    yield recording
    app.dependency_overrides.clear()


def test_an_email_is_accepted(producer: RecordingProducer) -> None:
    answer = TestClient(app).post("/emails", json=EMAIL)

    assert answer.status_code == 202
    (task,) = producer.tasks
    assert answer.json() == {"task_id": str(task.id)}
    assert task.payload == Email(**EMAIL)
    assert task.snapshot is not None
    assert task.snapshot.route == "/emails"


def test_a_client_is_told_to_come_back_when_the_queue_is_full(
    producer: RecordingProducer,
) -> None:
    producer.fail_next(SubmitRejected("full"))

    answer = TestClient(app).post("/emails", json=EMAIL)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")

"""The worker side: handlers, retries and dead letters under a virtual clock."""

from collections.abc import Iterator

import pytest
from stillframe.consumer.testing import WorkerHarness

import worker
from tasks import Email, send_email


@pytest.fixture
def harness() -> Iterator[WorkerHarness]:
    with WorkerHarness(worker.worker) as harness:
        yield harness


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Email]:
    emails: list[Email] = []
    monkeypatch.setattr(
        worker, "hand_over", lambda email, _message_id: emails.append(email)
    )
    return emails


def test_an_email_is_sent(harness: WorkerHarness, sent: list[Email]) -> None:
    email = Email(to="ada@mail.example", subject="Hello")

    harness.submit(send_email, email)
    harness.run_until_idle()

    assert sent == [email]


def test_what_fails_is_tried_again(
    harness: WorkerHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts: list[str] = []

    def busy_at_first(email: Email, message_id: str) -> None:
        attempts.append(message_id)
        if len(attempts) == 1:
            raise ConnectionRefusedError("the mail server is busy")

    monkeypatch.setattr(worker, "hand_over", busy_at_first)
    task_id = harness.submit(send_email, Email(to="ada@mail.example", subject="Hello"))
    harness.run_until_idle()
    assert [waiting.attempt for waiting in harness.waiting] == [2]

    harness.advance(3)

    assert attempts == [task_id, task_id]
    assert [ended.task_id for ended in harness.done] == [task_id]


def test_what_can_never_work_is_given_up_at_once(
    harness: WorkerHarness, sent: list[Email]
) -> None:
    harness.submit(send_email, Email(to="nobody", subject="Hello"))
    harness.run_until_idle()

    (dead,) = harness.dead
    assert dead.attempt == 1
    assert dead.cause is not None
    assert dead.cause.message == "no such mailbox"
    assert sent == []

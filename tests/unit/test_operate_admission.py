"""A worker that starts bears with brokers that do not answer, for a while, and not once it is told to stop."""

import threading
from collections.abc import Callable

import pytest

from stillframe.consumer import BrokerUnreachable, WorkerSettings
from stillframe.consumer.operate import admission
from stillframe.consumer.operate.topic_rules import Found
from stillframe.consumer.operate.topics import EMBEDDED, Survey
from stillframe.schemas.topics import TopicFamily

FAMILY = TopicFamily("emails", "mailer")
SETTINGS = WorkerSettings(bootstrap_servers="127.0.0.1:1")
FOUND = Survey({name: Found(4, 1, None) for name in FAMILY.names}, EMBEDDED)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "ASK_AGAIN_AFTER", 0.001)


def answering(monkeypatch: pytest.MonkeyPatch, answer: Callable[[], Survey]) -> None:
    """Nobody is asked: this is what the brokers would say."""
    monkeypatch.setattr(admission, "survey", lambda cluster, families: answer())


def silence(reason: str = "nobody") -> Survey:
    raise BrokerUnreachable(reason)


def test_a_broker_that_comes_back_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is waited for is said once, and again only if it is something else."""
    silences = iter(["nobody", "nobody", "somebody else"])

    def answer() -> Survey:
        reason = next(silences, None)
        return FOUND if reason is None else silence(reason)

    answering(monkeypatch, answer)
    said: list[str] = []
    counts = admission.require_safe_topics(SETTINGS, [FAMILY], said.append)
    assert counts == dict.fromkeys(FAMILY.names, 4)
    assert said == [
        "nobody: waiting up to 30 s for a broker, to check the topics",
        "somebody else: waiting up to 30 s for a broker, to check the topics",
        EMBEDDED,
    ]


def test_patience_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the error is what it always was."""
    answering(monkeypatch, silence)
    with pytest.raises(BrokerUnreachable, match="nobody"):
        admission.require_safe_topics(SETTINGS, [FAMILY], lambda _: None, patience=0.02)


def test_a_stop_does_not_wait_for_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The question may be under way for 15 s: it is left to itself."""
    asked, go_on = threading.Event(), threading.Event()

    def never() -> Survey:
        asked.set()
        go_on.wait(60)
        return FOUND

    answering(monkeypatch, never)
    try:
        assert admission.require_safe_topics(SETTINGS, [FAMILY], stopping=asked.is_set) is None
    finally:
        go_on.set()

"""The survey of topics: what cannot be looked at is said, not guessed."""

from collections.abc import Iterable
from typing import cast

import pytest
from confluent_kafka import KafkaError

from stillframe.consumer.operate.cluster import Cluster, Layout, Refused
from stillframe.consumer.operate.topics import EMBEDDED, NOT_ALLOWED, survey
from stillframe.schemas.topics import TopicFamily

FAMILY = TopicFamily("emails", "mailer")


class Stub:
    """A cluster that has the task topic, and answers the question for settings with an error."""

    def __init__(self, code: int, *, embedded: bool = False) -> None:
        self._code = code
        self._embedded = embedded

    def topics(self) -> dict[str, Layout]:
        return {"emails": Layout(4, 3), "others": Layout(1, 1)}

    def is_embedded(self) -> bool:
        return self._embedded

    def settings_of(self, topics: Iterable[str]) -> dict[str, dict[str, str]]:
        raise Refused("no", self._code)


def stub(code: int, *, embedded: bool = False) -> Cluster:
    return cast("Cluster", Stub(code, embedded=embedded))


@pytest.mark.parametrize("code", [KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.CLUSTER_AUTHORIZATION_FAILED])
def test_a_principal_without_the_right_to_look_is_told(code: int) -> None:
    """A worker by least privilege still starts; that its topics were not checked is said, with the cure."""
    seen = survey(stub(code), [FAMILY])
    assert seen.unchecked == NOT_ALLOWED
    assert "DescribeConfigs" in NOT_ALLOWED
    assert (seen.found["emails"].replicas, seen.found["emails"].settings) == (3, None)
    assert list(seen.found) == ["emails"]


def test_the_embedded_broker_is_not_asked() -> None:
    """It would not answer."""
    assert survey(stub(0, embedded=True), [FAMILY]).unchecked == EMBEDDED


def test_any_other_refusal_is_an_error() -> None:
    """It is not for us to start on topics that somebody hides for another reason."""
    with pytest.raises(Refused):
        survey(stub(KafkaError.POLICY_VIOLATION), [FAMILY])


class Disagreeing(Stub):
    """Two brokers: the one that lists topics knows of a new one before the one that is asked for its settings."""

    def settings_of(self, topics: Iterable[str]) -> dict[str, dict[str, str]]:
        code, self._code = self._code, 0
        if code:
            raise Refused("unknown", code)
        return {topic: {"retention.ms": "1"} for topic in topics}


def test_brokers_that_disagree_about_a_new_topic_are_asked_again() -> None:
    """Just after `topics apply` one of three may know nothing yet: the command has not failed for that."""
    cluster = cast("Cluster", Disagreeing(KafkaError.UNKNOWN_TOPIC_OR_PART))
    assert survey(cluster, [FAMILY]).found["emails"].settings == {"retention.ms": "1"}

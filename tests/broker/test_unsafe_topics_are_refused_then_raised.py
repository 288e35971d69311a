import pytest

from stillframe.consumer.errors import UnsafeTopics
from stillframe.consumer.operate.admission import require_safe_topics
from stillframe.consumer.operate.cluster import Cluster
from stillframe.consumer.operate.topic_rules import Choices
from stillframe.consumer.operate.topics import apply
from stillframe.consumer.settings import WorkerSettings
from tests.dead_letters import family_of
from tests.kafka import CreateTopic, Kafka

DAY = 86_400_000
GENEROUS = {"retention.ms": 90 * DAY, "max.message.bytes": 8_000_000, "retention.bytes": -1}
WHY_SIZE = "a task of maximum size must fit with its cause headers"
CHANGED = ("retention.ms", "max.message.bytes", "cleanup.policy")


def test_unsafe_topics_are_refused_then_raised(kafka: Kafka, topic_name: str, create_topic: CreateTopic) -> None:
    """A start names every fault with its cure; `apply` raises what is too low, and lowers nothing."""
    family = family_of(topic_name)
    minute, ten_minutes, hour = family.retry_topics
    create_topic(topic_name, 4, {"cleanup.policy": "compact", "max.message.bytes": 3_000_000})
    create_topic(minute, 4, GENEROUS | {"retention.ms": 3_600_000})
    create_topic(ten_minutes, 2, GENEROUS | {"retention.bytes": 1_000_000})
    create_topic(family.dead_letter_topic, 4, {"max.message.bytes": 3_000_000})
    settings = WorkerSettings(bootstrap_servers=kafka.bootstrap_servers)

    with pytest.raises(UnsafeTopics) as refused:
        require_safe_topics(settings, [family])
    _, *faults = str(refused.value).splitlines()
    cure = "run `stillframe topics apply M:W`"
    too_small = "max.message.bytes is 3,000,000 B, not 3,065,536 B or more"
    assert faults == [
        f"  {topic_name}: cleanup.policy is compact: of the tasks of one key only the last is kept: {cure}",
        f"  {minute}: retention.ms is 1 h, not 7 d or more: tasks that wait here longer are deleted: {cure}",
        f"  {ten_minutes}: retention.bytes is 1,000,000 B, not unlimited: tasks beyond it are deleted: {cure}",
        f"  {hour}: does not exist: {cure}",
        f"  {family.dead_letter_topic}: {too_small}: {WHY_SIZE}: {cure}",
    ]

    cluster = Cluster(settings)
    assert apply(cluster, [family], Choices()).shortfalls == []
    assert require_safe_topics(settings, [family]) == dict.fromkeys(family.names, 4)
    now = {name: [found[each] for each in CHANGED] for name, found in cluster.settings_of(family.names).items()}
    assert now == {
        topic_name: [str(7 * DAY), "3000000", "delete"],
        minute: [str(7 * DAY), "8000000", "delete"],
        ten_minutes: [str(90 * DAY), "8000000", "delete"],
        hour: [str(7 * DAY), "3065536", "delete"],
        family.dead_letter_topic: [str(30 * DAY), "3065536", "delete"],
    }

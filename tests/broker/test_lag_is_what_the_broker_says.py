from dataclasses import replace
from typing import Any

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from stillframe.consumer.operate.cluster import Cluster
from stillframe.consumer.operate.progress import Progress
from stillframe.consumer.settings import WorkerSettings
from tests.cli import stillframe
from tests.dead_letters import NOON, create_family, dead_letter, family_of, write
from tests.kafka import Kafka

FAR_AHEAD = NOON * 2


def test_lag_is_what_the_broker_says(kafka: Kafka, topic_name: str) -> None:
    """Log end minus committed, asked of the broker: tasks, retries with what is due, dead letters, each apart."""
    family = family_of(topic_name)
    minute = family.retry_topic(family.tiers[0])
    create_family(kafka.bootstrap_servers, family, partitions=2)
    task = replace(dead_letter(family), topic=topic_name)
    retries = [replace(dead_letter(family, 1, not_before=due), topic=minute) for due in (NOON, NOON, FAR_AHEAD)]
    write(kafka.bootstrap_servers, [task] * 10 + [replace(task, partition=1)] * 5 + retries)
    write(kafka.bootstrap_servers, [dead_letter(family)] * 4)
    cluster = Cluster(WorkerSettings(bootstrap_servers=kafka.bootstrap_servers))
    cluster.commit(family.group, (topic_name, 0), Progress(7, ((8, 9),)))
    cluster.commit(family.group, (minute, 1), Progress(1))
    delete_before(kafka, topic_name, 1, 2)

    found = measured(kafka, family.group)
    assert figures(found) == {"tasks": 2 + 3, "retry": 2, "due": 1, "dead": 4}
    assert found["topics"][0]["partitions"] == [
        {"partition": 0, "start": 0, "end": 10, "committed": 7, "lag": 3, "done": 1, "deleted": 0},
        {"partition": 1, "start": 2, "end": 5, "committed": None, "lag": 3, "done": 0, "deleted": 0},
    ]
    assert [topic["tier"] for topic in found["topics"]] == [None, "1m", "10m", "1h", None]

    delete_before(kafka, topic_name, 0, 9)
    shown = stillframe("lag", "-g", family.group, "--bootstrap-servers", kafka.bootstrap_servers).out
    assert (
        f"group {family.group}, topic {topic_name}: 4 tasks to do, 2 in retry (1 due), 4 dead, "
        "2 DELETED by retention before they were committed"
    ) in shown


def measured(kafka: Kafka, group: str) -> dict[str, Any]:
    ran = stillframe("lag", "--group", group, "--json", STILLFRAME_BOOTSTRAP_SERVERS=kafka.bootstrap_servers)
    (family,) = ran.json["families"]
    found: dict[str, Any] = family
    return found


def figures(found: dict[str, Any]) -> dict[str, int]:
    return {name: found[name] for name in ("tasks", "retry", "due", "dead")}


def delete_before(kafka: Kafka, topic: str, partition: int, offset: int) -> None:
    """What retention does, at once."""
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    for future in admin.delete_records([TopicPartition(topic, partition, offset)]).values():
        future.result(10)

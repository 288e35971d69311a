import json

from stillframe.consumer.operate.cluster import Cluster
from stillframe.consumer.settings import WorkerSettings
from tests.cli import Ran, stillframe
from tests.dead_letters import create_family, dead_letter, family_of, write
from tests.kafka import Kafka


def test_what_is_purged_leaves_the_disk(kafka: Kafka, topic_name: str) -> None:
    """At once for every command, from the log as soon as nothing before it waits; and another run remembers it."""
    family = family_of(topic_name)
    create_family(kafka.bootstrap_servers, family, partitions=2)
    write(kafka.bootstrap_servers, [dead_letter(family, 1, n, error_type=error) for n, error in enumerate("ABBA")])
    cluster = Cluster(WorkerSettings(bootstrap_servers=kafka.bootstrap_servers))
    place = family.dead_letter_topic, 1

    def dlq(*arguments: str) -> Ran:
        return stillframe("dlq", *arguments, "-g", family.group, STILLFRAME_BOOTSTRAP_SERVERS=kafka.bootstrap_servers)

    assert "dry run: 2 dead letters would be purged" in dlq("purge", "--error", "B").out
    ran = dlq("purge", "--error", "B", "--yes", "--json")
    assert (ran.json["purged"], ran.json["deleted"]) == (2, 0)
    assert json.loads(ran.err)["event"] == "dead_letters_purged"
    assert cluster.starts([place]) == {place: 0}
    assert f"{family.dead_letter_topic}: 2 dead letters" in dlq("list").out
    assert dlq("show", "1:1").code == 1

    assert dlq("purge", "1:0", "--yes", "--json").json["deleted"] == 3
    assert cluster.starts([place]) == {place: 3}
    assert dlq("redrive", "--all", "--json").json["redriven"] == 1
    settings = cluster.settings_of([f"{family.dead_letter_topic}.index"])
    assert settings[f"{family.dead_letter_topic}.index"]["cleanup.policy"] == "compact"

import os

from stillframe.consumer.operate.cluster import Cluster
from stillframe.consumer.settings import WorkerSettings
from tests.cli import Ran, stillframe
from tests.dead_letters import create_family, dead_letter, family_of, task_id, write
from tests.engine.looking import read_all
from tests.kafka import Kafka


def test_redrive_all_goes_on_where_it_stopped(kafka: Kafka, topic_name: str) -> None:
    """What the broker refuses stops the run and is not counted; the next run sends it, and nothing twice."""
    family = family_of(topic_name)
    create_family(kafka.bootstrap_servers, family, partitions=2)
    tier = family.retry_topic(family.tiers[0])
    small = [dead_letter(family, 0, origin) for origin in range(20)]
    large = [dead_letter(family, 1, origin, key=os.urandom(5_000)) for origin in range(3)]  # no compression helps
    write(kafka.bootstrap_servers, small + large)

    def redrive() -> Ran:
        return stillframe(
            "dlq", "redrive", "--all", "--yes", "-g", family.group, "--bootstrap-servers", kafka.bootstrap_servers
        )

    cluster = Cluster(WorkerSettings(bootstrap_servers=kafka.bootstrap_servers))
    cluster.set(tier, "max.message.bytes", "3000")
    stopped = redrive()
    assert stopped.code == 1
    assert "error: stopped after 20 were redriven:" in stopped.err
    assert "hint: nothing is lost: run the command again once this is cured" in stopped.err

    cluster.set(tier, "max.message.bytes", "1200000")
    assert f"sent back 3 to {tier}" in redrive().out
    assert f"sent back 0 to {tier}" in redrive().out
    back = read_all(kafka.bootstrap_servers, tier)
    assert sorted(map(task_id, back)) == sorted(map(task_id, small + large))

    listed = stillframe("dlq", "list", "-g", family.group, "--bootstrap-servers", kafka.bootstrap_servers)
    assert f"{family.dead_letter_topic}: 0 dead letters; 23 older ones were redriven" in listed.out

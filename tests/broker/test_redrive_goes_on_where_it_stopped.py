import os

from stillframe.consumer.operate.cluster import Cluster
from stillframe.consumer.settings import WorkerSettings
from tests.cli import Ran, stillframe
from tests.dead_letters import create_family, dead_letter, family_of, task_id, write
from tests.engine.looking import read_all
from tests.kafka import Kafka


def test_redrive_goes_on_where_it_stopped(kafka: Kafka, topic_name: str) -> None:
    """What the broker refuses stops the run; the next one sends that, and nothing that any run before has sent."""
    family = family_of(topic_name)
    create_family(kafka.bootstrap_servers, family, partitions=2)
    tier = family.retry_topic(family.tiers[0])
    small = [dead_letter(family, 0, n, error_type="AB"[n % 2]) for n in range(20)]
    large = [dead_letter(family, 1, n, key=os.urandom(20_000)) for n in range(3)]  # random: not compressible
    write(kafka.bootstrap_servers, small + large)
    cluster = Cluster(WorkerSettings(bootstrap_servers=kafka.bootstrap_servers))

    def redrive(chosen: str) -> Ran:
        options = ("--yes", "-g", family.group, "--bootstrap-servers", kafka.bootstrap_servers)
        return stillframe("dlq", "redrive", *chosen.split(), *options)

    assert f"sent back 10 to {tier}" in redrive("--error A").out

    cluster.set(tier, "max.message.bytes", "12000")
    stopped = redrive("--all")
    assert stopped.code == 1
    assert "error: stopped after 10 were redriven:" in stopped.err
    assert "hint: nothing is lost: run the command again once this is cured" in stopped.err

    cluster.set(tier, "max.message.bytes", "1200000")
    assert f"sent back 3 to {tier}" in redrive("--all").out
    assert "sent back 0" in redrive("--all").out
    back = read_all(kafka.bootstrap_servers, tier)
    assert sorted(map(task_id, back)) == sorted(map(task_id, small + large))

    listed = stillframe("dlq", "list", "-g", family.group, "--bootstrap-servers", kafka.bootstrap_servers)
    assert f"{family.dead_letter_topic}: 0 dead letters; 23 more were sent back" in listed.out

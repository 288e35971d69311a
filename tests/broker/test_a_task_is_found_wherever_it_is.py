import time
from dataclasses import replace
from typing import Any

from stillframe.consumer.operate.cluster import Cluster
from stillframe.consumer.operate.progress import Progress
from stillframe.consumer.settings import WorkerSettings
from tests.cli import stillframe
from tests.dead_letters import SECRET, create_family, dead_letter, family_of, task_id, write
from tests.kafka import Kafka


def test_a_task_is_found_wherever_it_is(kafka: Kafka, topic_name: str) -> None:
    """Waiting, in a retry topic until when, dead of what, sent back, and done: told from outside, with its trail."""
    bootstrap, family = kafka.bootstrap_servers, family_of(topic_name)
    create_family(bootstrap, family, partitions=2)
    tier = family.retry_topic(family.tiers[0])
    cluster = Cluster(WorkerSettings(bootstrap_servers=bootstrap))
    due = int(time.time() * 1_000) + 3_600_000
    dead = dead_letter(family, 1, 1, attempt=3, error_message="no route")
    waiting = dead_letter(family, 1, 1, attempt=2, not_before=due)
    others = [replace(dead_letter(family, 1), topic=topic_name) for _ in range(2)]

    def whereabouts() -> dict[str, Any]:
        ran = stillframe("task", task_id(dead), "-g", family.group, "--json", STILLFRAME_BOOTSTRAP_SERVERS=bootstrap)
        assert SECRET not in ran.out
        (found,) = ran.json["groups"]
        answer: dict[str, Any] = found
        return answer

    write(bootstrap, [others[0], replace(dead, topic=topic_name, headers=dead.headers[:6]), others[1]])
    assert whereabouts()["state"] == "waiting"
    assert "1 offsets before it have no outcome" in whereabouts()["told"]

    write(bootstrap, [replace(dead, topic=tier, headers=(*dead.headers[:6], *waiting.headers[6:]))])
    cluster.commit(family.group, (topic_name, 1), Progress(0, ((1, 2),)))
    assert whereabouts()["state"] == "delayed"

    write(bootstrap, [dead])
    cluster.commit(family.group, (tier, 1), Progress(1))
    found = whereabouts()
    assert (found["state"], [record["topic"] for record in found["records"]]) == (
        "dead", [topic_name, tier, family.dead_letter_topic],
    )  # fmt: skip

    redriven = stillframe("dlq", "redrive", "1:0", "-g", family.group, STILLFRAME_BOOTSTRAP_SERVERS=bootstrap)
    assert redriven.code == 0, redriven.err
    assert whereabouts()["state"] == "waiting"
    cluster.commit(family.group, (tier, 1), Progress(2))
    assert whereabouts()["state"] == "done"

from pathlib import Path

from stillframe.consumer.operate.admission import require_safe_topics
from stillframe.consumer.settings import WorkerSettings
from tests.cli import stillframe, write_worker
from tests.dead_letters import family_of
from tests.kafka import Kafka

DAY = 86_400_000


def test_topics_apply_creates_what_plan_announces(kafka: Kafka, topic_name: str, tmp_path: Path) -> None:
    """`plan` changes nothing; `apply` makes every topic of the code, as announced and safe; then nothing is left."""
    family = family_of(topic_name)
    target = write_worker(tmp_path, family)
    here = {"STILLFRAME_BOOTSTRAP_SERVERS": kafka.bootstrap_servers}
    choices = ("--partitions", "3", "--task-retention", "14d")

    planned, again = (
        stillframe("topics", "plan", target, *choices, "--json", cwd=tmp_path, **here).json for _ in range(2)
    )
    assert [each["topic"] for each in planned["shortfalls"]] == list(family.names)
    assert not planned["safe"]
    assert again == planned

    made = stillframe("topics", "apply", target, *choices, "--json", cwd=tmp_path, **here).json
    assert [each["change"] for each in made["made"]] == [each["change"] for each in planned["shortfalls"]]
    assert (made["safe"], made["shortfalls"], made["unchecked"]) == (True, [], None)
    assert made["retention"] == [f"{topic_name} keeps a task for 14 d: one unfinished by then is lost (promise I1)"]
    settings = WorkerSettings(bootstrap_servers=kafka.bootstrap_servers)
    assert require_safe_topics(settings, [family]) == dict.fromkeys(family.names, 3)

    assert "nothing to do" in stillframe("topics", "apply", target, *choices, cwd=tmp_path, **here).out

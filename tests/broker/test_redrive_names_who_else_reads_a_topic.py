from stillframe.consumer.operate.cluster import Cluster
from stillframe.consumer.operate.progress import Progress
from stillframe.consumer.settings import WorkerSettings
from tests.cli import Ran, stillframe
from tests.dead_letters import create_family, dead_letter, family_of, write
from tests.engine.looking import read_all
from tests.kafka import Kafka


def test_redrive_names_who_else_reads_a_topic(kafka: Kafka, topic_name: str) -> None:
    """With --to a task topic every group on it gets the task: it is named, and nothing goes unasked."""
    family = family_of(topic_name)
    create_family(kafka.bootstrap_servers, family)
    write(kafka.bootstrap_servers, [dead_letter(family, 3, replayed=1)])
    cluster = Cluster(WorkerSettings(bootstrap_servers=kafka.bootstrap_servers))
    other = f"other-{family.group}"
    cluster.commit(other, (topic_name, 0), Progress(0))

    def redrive(*arguments: str) -> Ran:
        options = ("3:0", "--to", topic_name, "-g", family.group, *arguments)
        return stillframe("dlq", "redrive", *options, STILLFRAME_BOOTSTRAP_SERVERS=kafka.bootstrap_servers)

    dry = redrive()
    assert f"warning: they are read by {other} as well" in dry.err
    assert f"dry run: 1 dead letters would go to {topic_name}; --yes sends them" in dry.out
    assert read_all(kafka.bootstrap_servers, topic_name) == []

    assert redrive("--yes", "--json").json["also_read_by"] == [other]
    (back,) = read_all(kafka.bootstrap_servers, topic_name)
    assert back.partition == 3
    assert [name for name, _ in back.headers if name.startswith("stillframe-")] == ["stillframe-redriven"]

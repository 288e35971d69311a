import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from stillframe.schemas.topics import TopicFamily
from tests.cli import started, stillframe
from tests.dead_letters import copies, create_family, dead_letter, family_of, task_id, write
from tests.engine.looking import log_ends, read_all
from tests.kafka import Kafka
from tests.waiting import wait_until

COUNT = 100_000
#: A batch, which a run that is killed may send once more.
MOST_TWICE = 10_000


def test_an_interrupted_redrive_brings_all_back(kafka: Kafka, topic_name: str) -> None:
    """Of 100,000, one run is told to stop and one is killed: none is lost, only the latter's last batch repeats."""
    family = family_of(topic_name)
    create_family(kafka.bootstrap_servers, family, partitions=4)
    tier = family.retry_topic(family.tiers[0])
    letters = copies(dead_letter(family), COUNT, partitions=4)
    write(kafka.bootstrap_servers, letters)

    def sent() -> int:
        return sum(log_ends(kafka.bootstrap_servers, tier))

    with redriving(kafka, family) as run:
        wait_until(lambda: sent() >= COUNT // 5, timeout=60, describe="a fifth to be sent back")
        run.send_signal(signal.SIGINT)
        _, err = run.communicate(timeout=30)
        assert run.returncode == 1
        assert "as you wished" in err
    stopped = sent()
    assert f"stopped after {stopped} were redriven" in err

    with redriving(kafka, family) as run:
        wait_until(lambda: sent() >= COUNT // 2, timeout=60, describe="half to be sent back")
        run.kill()

    done = stillframe(*command(kafka, family, "redrive", "--all", "--yes"))
    assert done.code == 0, done.err
    times = Counter(map(task_id, read_all(kafka.bootstrap_servers, tier, timeout=120)))
    assert times.keys() == set(map(task_id, letters))
    assert times.total() <= COUNT + MOST_TWICE
    listed = stillframe(*command(kafka, family, "list")).out
    assert f"0 dead letters; {COUNT:,} more were sent back" in listed


@contextmanager
def redriving(kafka: Kafka, family: TopicFamily) -> Iterator[subprocess.Popen[str]]:
    with started(*command(kafka, family, "redrive", "--all", "--yes", "--rate", "20000")) as run:
        yield run


def command(kafka: Kafka, family: TopicFamily, *options: str) -> tuple[str, ...]:
    return ("dlq", *options, "-g", family.group, "--bootstrap-servers", kafka.bootstrap_servers)

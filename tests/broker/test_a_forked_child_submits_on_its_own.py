"""A process that forks while its threads submit, as preloading web servers do: children and parent all submit, and
each task acknowledged to any of them is in Kafka exactly once."""

import os
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

from tests.engine.looking import read_all
from tests.kafka import CreateTopic, Kafka
from tests.producing import Email, email_type, settings_for, task_ids

CHILDREN, EACH = 4, 50


def test_a_forked_child_submits_on_its_own(
    kafka: Kafka, create_topic: CreateTopic, topic_name: str, tmp_path: Path
) -> None:
    create_topic(topic_name)
    command = [sys.executable, "-m", "tests.broker.test_a_forked_child_submits_on_its_own"]
    subprocess.run([*command, kafka.bootstrap_servers, topic_name, tmp_path], check=True, timeout=60)

    acknowledged = [path.read_text().split() for path in tmp_path.iterdir()]
    assert len(acknowledged) == CHILDREN + 1
    assert all(len(ids) >= EACH for ids in acknowledged)
    everyone = [task_id for ids in acknowledged for task_id in ids]
    assert Counter(task_ids(read_all(kafka.bootstrap_servers, topic_name))) == Counter(everyone)


def main(bootstrap_servers: str, topic: str, folder: str) -> None:
    """Fork four times while two threads submit; each process writes down what was acknowledged to it."""
    from stillframe.producer import Producer

    producer = Producer(settings_for(bootstrap_servers, queue_size=2, queue_timeout=30))
    acknowledged: list[str] = []
    stop = threading.Event()

    def submit() -> None:
        acknowledged.append(producer.submit(email_type(topic), Email()).task_id)

    def submit_on() -> None:
        while not stop.is_set():
            submit()

    submit()
    threads = [threading.Thread(target=submit_on) for _ in range(2)]
    for thread in threads:
        thread.start()
    children: list[int] = []
    for _ in range(CHILDREN):
        if (pid := os.fork()) == 0:
            for of_the_parent in (acknowledged, threads, children):
                of_the_parent.clear()
            break
        children.append(pid)
    for _ in range(EACH):
        submit()
    stop.set()
    for thread in threads:
        thread.join()
    Path(folder, str(os.getpid())).write_text("\n".join(acknowledged))
    if any(os.waitpid(pid, 0)[1] for pid in children):
        sys.exit("a child failed")


if __name__ == "__main__":
    main(*sys.argv[1:])

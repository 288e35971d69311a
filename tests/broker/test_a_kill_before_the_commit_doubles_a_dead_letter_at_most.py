"""Kill -9 after the broker's word for a dead letter, before the commit: none lost, one more at most, known (I1, I3).

KILLS= is how many times, each at another task.
"""

import json
import os
from collections import Counter
from pathlib import Path
from signal import SIGKILL

from stillframe.schemas.headers import read_delivery_state
from tests.engine.looking import await_commits, committed, read_all, task_id
from tests.engine.process import worker_process
from tests.engine.running import SHORT_SESSION, make_worker
from tests.engine.topics import create_family
from tests.engine.work import Work, group_of, submit, work_type
from tests.kafka import Kafka

KILLS = int(os.environ.get("KILLS", "2"))
#: Exit code of the supervisor whose worker was killed.
KILLED = 128 + SIGKILL
#: A static member is replaced at once: nobody waits for the end of the killed one's session.
STATIC = json.dumps(SHORT_SESSION | {"group.instance.id": "one"})


def test_a_kill_before_the_commit_doubles_a_dead_letter_at_most(
    kafka: Kafka, topic_name: str, tmp_path: Path
) -> None:
    bootstrap, group, task_type = kafka.bootstrap_servers, group_of(topic_name), work_type(topic_name)
    family_of = make_worker(bootstrap, group, task_type, lambda work, context: None)
    create_family(kafka, family_of, partitions=1)
    submitted: list[str] = []
    for number in range(KILLS + 1):
        dies_at = number if number < KILLS else "inf"
        with worker_process(
            bootstrap, topic_name, tmp_path / "worker", STILLFRAME_KAFKA=STATIC, APP_DIES_AT=str(dies_at)
        ) as worker:
            await_commits(bootstrap, group, topic_name, 1)  # what the last one has handed off, once more
            submitted += submit(bootstrap, task_type, [Work(number=number, kind="fails for good")])
            if number < KILLS:
                assert worker.process.wait(30) == KILLED
                assert committed(bootstrap, group, topic_name, 1) == [number]
            else:
                await_commits(bootstrap, group, topic_name, 1)
                assert worker.terminate() == 0

    letters = read_all(bootstrap, f"{topic_name}.{group}.dlq")
    *killed, last = submitted
    written = Counter((task_id(letter), read_delivery_state(letter).attempt) for letter in letters)
    assert written == Counter({(task, 1): 2 for task in killed} | {(last, 1): 1})
    assert len({(letter.key, letter.value) for letter in letters}) == len(submitted)

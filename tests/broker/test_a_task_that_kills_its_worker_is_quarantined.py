"""However a task kills its worker, it is in the DLQ after 3 crashes alone; its neighbours are all done (I8)."""

import sys
from contextlib import ExitStack
from pathlib import Path

from tests.engine.process import worker_process
from tests.engine.quarantine import APP, STATIC, begin
from tests.kafka import Kafka
from tests.kafka.topics import unique_name

#: From Python 3.12 on recursion in C is a RecursionError: an ordinary failure.
IN_C = ["recursion in C"] if sys.version_info < (3, 12) else []
KILLERS = ["os._exit", "SIGSEGV", *IN_C, "SystemExit", "MemoryError", "the interpreter lock"]


def test_a_task_that_kills_its_worker_is_quarantined(kafka: Kafka, tmp_path: Path) -> None:
    """All of them at the same time, each with a worker of its own: they take their time, not the machine's."""
    stories = [begin(kafka, unique_name(killer), killer) for killer in KILLERS]
    with ExitStack() as stack:
        workers = [
            stack.enter_context(
                worker_process(
                    story.bootstrap_servers,
                    story.topic,
                    tmp_path / story.topic,
                    app=APP,
                    STILLFRAME_KAFKA=STATIC,
                    STILLFRAME_HANG_AFTER="4",
                )
            )
            for story in stories
        ]
        for story, worker in zip(stories, workers, strict=True):
            story.must_end_well([worker])
            assert worker.terminate() == 0
            log = worker.log.read_text()
            assert log.count('"event":"task_condemned"') == 1
            assert '"event":"suspect_isolated"' in log

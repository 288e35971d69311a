"""At the limit of its address space a task raises MemoryError, at that of its control group the kernel kills
the process: either way it is in the DLQ after 3 crashes alone, and its neighbours are done (I8)."""

from contextlib import ExitStack
from pathlib import Path

from tests.engine.memory_limit import memory_limit
from tests.engine.process import worker_process
from tests.engine.quarantine import APP, STATIC, begin
from tests.kafka import Kafka
from tests.kafka.topics import unique_name

ADDRESS_SPACE = ["prlimit", f"--as={4 * 2**30}"]
MEMORY = 384 * 2**20


def test_a_task_that_takes_all_memory_is_quarantined(kafka: Kafka, tmp_path: Path) -> None:
    with ExitStack() as stack:
        limits = {"address space": ADDRESS_SPACE, "memory": stack.enter_context(memory_limit(MEMORY))}
        stories = {killer: begin(kafka, unique_name(killer), killer) for killer in limits}
        workers = {
            killer: stack.enter_context(
                worker_process(
                    story.bootstrap_servers,
                    story.topic,
                    tmp_path / story.topic,
                    app=APP,
                    wrapper=limits[killer],
                    STILLFRAME_KAFKA=STATIC,
                )
            )
            for killer, story in stories.items()
        }
        for killer, story in stories.items():
            story.must_end_well([workers[killer]])
            assert workers[killer].terminate() == 0
        assert "killed for want of memory" in workers["memory"].log.read_text()
        assert "MemoryError" in workers["address space"].log.read_text()

"""A task much longer than a killer's whole life shares its worker: it is done, whatever that costs it (I8).

Ten minutes of it, with node kills and in virtual time, are in `tests/property/test_a_long_innocent_is_done.py`.
"""

from pathlib import Path

from tests.engine.process import worker_process
from tests.engine.quarantine import APP, STATIC, begin
from tests.kafka import Kafka


def test_an_innocent_beside_a_killer_is_never_dead_lettered(kafka: Kafka, topic_name: str, tmp_path: Path) -> None:
    story = begin(kafka, topic_name, "os._exit", neighbour="5", neighbours=1)
    with worker_process(
        story.bootstrap_servers, topic_name, tmp_path / "worker", app=APP, STILLFRAME_KAFKA=STATIC
    ) as worker:
        story.must_end_well([worker])
        assert worker.terminate() == 0
    assert len(worker.lines("end")) == 1

"""A process that ends with unreported tasks and a Kafka that does not answer waits for close_timeout and no longer,
and says how many tasks are of unknown outcome."""

import subprocess
import time

from tests.broker.test_what_was_submitted_last_arrives_at_exit import CLOSE_TIMEOUT, COMMAND, TASKS
from tests.faulty_kafka import FaultyKafka

#: Seconds that Python may take to start and to end on a busy machine.
START_AND_END = 5.0


def test_exit_waits_no_longer_than_close_timeout() -> None:
    with FaultyKafka() as kafka:
        kafka.create_topic("emails")
        kafka.slow_down(milliseconds=60_000)
        start = time.monotonic()
        run = [*COMMAND, kafka.bootstrap_servers, "emails", "return"]
        done = subprocess.run(run, check=False, timeout=60, capture_output=True, text=True)
        assert CLOSE_TIMEOUT < time.monotonic() - start < CLOSE_TIMEOUT + START_AND_END
    assert done.returncode == 0
    assert f"{TASKS} records are of unknown outcome" in done.stderr

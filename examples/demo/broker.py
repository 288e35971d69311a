"""The broker of a run: librdkafka's own, or the one that KAFKA_BOOTSTRAP_SERVERS names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import orjson

from examples.demo.worker_log import of_this_run
from stillframe.consumer import WorkerSettings
from stillframe.consumer.operate.broker import LIMITS, EmbeddedBroker
from stillframe.consumer.operate.cluster import Cluster, places
from stillframe.consumer.operate.scan import Range, scan
from stillframe.schemas.topics import TopicFamily


@contextmanager
def opened() -> Iterator[str]:
    """Yields how to call the broker; its address is in the environment, where all processes look for it.

    A broker of your own is reached as your STILLFRAME_* variables say. The embedded one needs none.
    """
    given = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    if given:
        os.environ["STILLFRAME_BOOTSTRAP_SERVERS"] = given
        yield f"Kafka at {given}"
        return
    for name in [name for name in os.environ if name.startswith("STILLFRAME_")]:
        del os.environ[name]
    # It answers a fetch that finds nothing only when that time is over, whatever comes in meanwhile.
    os.environ["STILLFRAME_KAFKA"] = '{"fetch.wait.max.ms": 20}'
    with EmbeddedBroker() as embedded:
        os.environ["STILLFRAME_BOOTSTRAP_SERVERS"] = embedded.bootstrap_servers
        yield f"the embedded broker at {embedded.bootstrap_servers} ({LIMITS[0]})"


class Sight:
    """What the broker itself knows of the run. Every method asks it, and blocks meanwhile.

    Args:
        family: its topics must exist.
    """

    def __init__(self, settings: WorkerSettings, family: TopicFamily) -> None:
        self._settings = settings
        self._cluster = Cluster(settings)
        self._group = family.group
        layouts = self._cluster.topics()
        self._tasks = places(family.topic, layouts)
        self._log_starts = self._cluster.starts(self._tasks)
        self._dead_letter_starts = self._cluster.ends(places(family.dead_letter_topic, layouts))

    def lag(self) -> int:
        """Log end minus committed, of the task topic."""
        committed = self._log_starts | self._cluster.committed(self._group, self._tasks)
        return sum(end - committed[place] for place, end in self._cluster.ends(self._tasks).items())

    def dead_letters(self, since: int) -> list[str]:
        """Ids of the tasks that have come to the dead-letter topic, read from the values themselves."""
        ends = self._cluster.ends(self._dead_letter_starts)
        ranges = [Range(*place, start, ends[place]) for place, start in self._dead_letter_starts.items()]
        letters = scan(self._settings, ranges)
        return of_this_run((orjson.loads(record.value or b"")["id"] for record, _ in letters), since)

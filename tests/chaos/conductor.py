"""One run, from the first topic to the last journal."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos import group, topics
from tests.chaos.fleet import ROOT, STOP_TIMEOUT, Fleet
from tests.chaos.journal import Journal, Row, read
from tests.chaos.proxy import Proxy
from tests.chaos.schedule import REMOTE, schedule
from tests.chaos.settings import Settings
from tests.chaos.stage import Stage, cues
from tests.kafka import Cluster
from tests.waiting import wait_until

STILLFRAME = str(Path(sys.executable).with_name("stillframe"))
APP = "tests.chaos.app:worker"
WORKER = [STILLFRAME, "worker", APP]
NAIVE = [sys.executable, "-m", "tests.chaos.naive"]
LOAD = [sys.executable, "-m", "tests.chaos.load"]
START_TIMEOUT = 60.0
#: Without any progress for so long, the run is over and what is left counts as lost. A stuck task takes 24 s,
#: the silence of a group after a kill is two session timeouts.
STALL = 60.0
#: Without any answer as to how far it is, for so long.
SILENCE = 300.0
#: Seconds after the load's time until its process must have ended: it may wait for reports.
LATE = 90.0
TEND_EVERY = 0.1
ASK_EVERY = 0.5

Say = Callable[[str], object]


class Conductor:
    """Plays a schedule to the end; the journals stay in the folder."""

    def __init__(self, settings: Settings, kafka: Cluster, folder: Path, say: Say = print) -> None:
        """Nothing runs before `play`."""
        self._settings = settings
        self._kafka = kafka
        self._folder = folder
        self._say = say
        self._journal = Journal(folder, "conductor")

    def play(self) -> list[Row]:
        """Run it all, and return every row."""
        self._journal.write("settings", protocol=str(self._settings.protocol), session=self._settings.session)
        self._create_topics()
        group.give_session(self._kafka.bootstrap_servers, self._settings.session)
        command = NAIVE if self._settings.control else WORKER
        with (
            Proxy(self._kafka.detours.values()) as proxy,
            Fleet(command, self._worker_environment, self._folder) as fleet,
        ):
            stage = Stage(fleet, self._kafka, proxy, self._journal)
            for slot in range(self._settings.workers):
                fleet.start(slot)
            self._await_members()
            with self._load() as load:
                self._disturb(stage)
                self._await_load(load, stage)
            stage.await_brokers()
            self._await_settled(stage)
            self._stop(stage)
        self._note_tracebacks()
        for row in topics.contents(self._kafka.bootstrap_servers):
            self._journal.write(**row)
        return read(self._folder)

    def _create_topics(self) -> None:
        partitions = str(self._settings.partitions)
        command = [STILLFRAME, "topics", "apply", APP, "--partitions", partitions]
        subprocess.run(command, cwd=ROOT, env=self._environment("topics"), check=True, stdout=subprocess.DEVNULL)

    def _environment(self, process: str) -> dict[str, str]:
        return self._settings.environment(self._kafka.bootstrap_servers, self._folder, process)

    def _worker_environment(self, slot: int, process: str) -> dict[str, str]:
        servers = self._kafka.detour_servers if slot == REMOTE else self._kafka.bootstrap_servers
        return self._settings.environment(servers, self._folder, process)

    def _await_members(self) -> None:
        """Until every worker owns something: disturbances shall meet work, not start-ups."""

        def members() -> bool:
            owners = {row["process"] for row in self._rows("assigned") if row["positions"]}
            return len(owners) == self._settings.workers

        wait_until(members, timeout=START_TIMEOUT, every=ASK_EVERY, describe="every worker to own partitions")

    @contextmanager
    def _load(self) -> Iterator[subprocess.Popen[bytes]]:
        """Submit tasks meanwhile; entered when the first is acknowledged."""
        load = subprocess.Popen(LOAD, cwd=ROOT, env=self._environment("load"))
        try:
            wait_until(lambda: self._rows("acked"), timeout=START_TIMEOUT, describe="the first task")
            yield load
        finally:
            load.kill()
            load.wait()

    def _disturb(self, stage: Stage) -> None:
        begun = time.monotonic()
        for cue in cues(schedule(self._settings)):
            while (left := begun + cue.after - time.monotonic()) > 0:
                time.sleep(min(left, TEND_EVERY))
                stage.tend()
            self._say(f"  {cue}")
            stage.play(cue)

    def _await_load(self, load: subprocess.Popen[bytes], stage: Stage) -> None:
        def over() -> bool:
            stage.tend()
            return load.poll() is not None

        wait_until(over, timeout=self._settings.seconds + LATE, every=TEND_EVERY, describe="the load to end")
        if load.returncode != 0:
            raise AssertionError("the producer process failed")

    def _await_settled(self, stage: Stage) -> None:
        """Until the group has committed everything there is, or nothing moves any more."""
        lag = topics.Lag(self._kafka.bootstrap_servers, self._settings.partitions)
        last, since = lag(), time.monotonic()
        while last != 0 and time.monotonic() - since < (STALL if last is not None else SILENCE):
            time.sleep(ASK_EVERY)
            stage.tend()
            if (now := lag()) != last:
                last, since = now, time.monotonic()
        lag.close()
        self._journal.write("settled", lag=last, trouble=lag.trouble)
        told = f"unknown ({lag.trouble})" if last is None else str(last)
        self._say(f"  lag {told} after the load; stopping the workers")

    def _stop(self, stage: Stage) -> None:
        stage.tend()
        stage.strike()

        def stopped() -> bool:
            stage.tend()
            return not stage.ending

        try:
            wait_until(stopped, timeout=STOP_TIMEOUT, every=TEND_EVERY, describe="the workers to stop")
        except AssertionError as late:
            self._journal.write("trouble", what=str(late))

    def _rows(self, kind: str) -> list[Row]:
        return [row for row in read(self._folder) if row["kind"] == kind]

    def _note_tracebacks(self) -> None:
        """A listener that raises is passed over by the engine, and then the journals are not complete."""
        for log in sorted(self._folder.glob("*.log")):
            if b"Traceback" in log.read_bytes():
                self._journal.write("trouble", what=f"{log.stem} printed a traceback: see {log}")

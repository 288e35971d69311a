"""One run, from the first topic to the last journal."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.chaos import topics
from tests.chaos.fleet import ROOT, Ending, Fleet
from tests.chaos.journal import Journal, Row, read
from tests.chaos.schedule import Kill, schedule
from tests.chaos.settings import PARTITIONS, SLOTS, Settings
from tests.kafka import Kafka
from tests.waiting import wait_until

STILLFRAME = str(Path(sys.executable).with_name("stillframe"))
APP = "tests.chaos.app:worker"
WORKER = [STILLFRAME, "worker", APP]
CREATE_TOPICS = [STILLFRAME, "topics", "apply", APP, "--partitions", str(PARTITIONS)]
NAIVE = [sys.executable, "-m", "tests.chaos.naive"]
LOAD = [sys.executable, "-m", "tests.chaos.load"]
START_TIMEOUT = 60.0
#: Without any progress for so long, the run is over and what is left counts as lost. The longest delay of a
#: task's own is 3 s, the longest silence of a group after a kill two session timeouts.
STALL = 45.0
ASK_EVERY = 0.5

Say = Callable[[str], object]


class Conductor:
    """Plays a schedule to the end; the journals stay in the folder."""

    def __init__(self, settings: Settings, kafka: Kafka, folder: Path, say: Say = print) -> None:
        """Nothing runs before `play`."""
        self._settings = settings
        self._servers = kafka.bootstrap_servers
        self._folder = folder
        self._say = say
        self._journal = Journal(folder, "conductor")

    def play(self) -> list[Row]:
        """Run it all, and return every row."""
        settings = self._settings
        environment = self._environment("topics")
        subprocess.run(CREATE_TOPICS, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
        with Fleet(NAIVE if settings.control else WORKER, self._environment, self._folder) as fleet:
            for slot in range(SLOTS):
                fleet.start(slot)
            self._await_members()
            self._submit_and_kill(fleet)
            self._await_settled(fleet)
            self._note_deaths([*fleet.dead(), *fleet.stop()])
        self._note_tracebacks()
        for row in topics.contents(self._servers):
            self._journal.write(**row)
        return read(self._folder)

    def _environment(self, process: str) -> dict[str, str]:
        return self._settings.environment(self._servers, self._folder, process)

    def _await_members(self) -> None:
        """Until both workers own something: kills shall meet work, not start-ups."""

        def members() -> bool:
            return len({row["process"] for row in self._rows("assigned") if row["positions"]}) == SLOTS

        wait_until(members, timeout=START_TIMEOUT, describe="both workers to own partitions")

    def _submit_and_kill(self, fleet: Fleet) -> None:
        load = subprocess.Popen(LOAD, cwd=ROOT, env=self._environment("load"))
        try:
            wait_until(lambda: self._rows("acked"), timeout=START_TIMEOUT, describe="the first task")
            begun = time.monotonic()
            for kill in schedule(self._settings.seed, self._settings.kills, self._settings.seconds, SLOTS):
                time.sleep(max(0.0, begun + kill.after - time.monotonic()))
                self._kill(fleet, kill)
            if load.wait(self._settings.seconds + STALL) != 0:
                raise AssertionError("the producer process failed")
        finally:
            load.kill()
            load.wait()

    def _kill(self, fleet: Fleet, kill: Kill) -> None:
        self._note_deaths(fleet.dead())
        if victim := fleet.kill(kill.slot):
            self._journal.write("killed", victim=victim)
        self._say(f"  {kill.after:5.1f} s  killed {victim}, started {fleet.start(kill.slot)}")

    def _await_settled(self, fleet: Fleet) -> None:
        """Until the group has committed everything there is, or nothing moves any more."""
        lag = topics.Lag(self._servers)
        last, since = lag(), time.monotonic()
        while last and time.monotonic() - since < STALL:
            time.sleep(ASK_EVERY)
            if (now := lag()) != last:
                last, since = now, time.monotonic()
        self._note_deaths(fleet.dead())
        self._say(f"  lag {last} after the load; stopping the workers")

    def _rows(self, kind: str) -> list[Row]:
        return [row for row in read(self._folder) if row["kind"] == kind]

    def _note_deaths(self, dead: list[Ending]) -> None:
        for name, code in dead:
            end = "did not stop" if code is None else f"ended with exit code {code}, which nobody asked for"
            self._journal.write("trouble", what=f"{name} {end}")

    def _note_tracebacks(self) -> None:
        """A listener that raises is passed over by the engine, and then the journals are not complete."""
        for log in sorted(self._folder.glob("*.log")):
            if b"Traceback" in log.read_bytes():
                self._journal.write("trouble", what=f"{log.stem} printed a traceback: see {log}")

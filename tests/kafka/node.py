"""One Kafka process: a JVM, its data directory and its log."""

import subprocess
from pathlib import Path

from tests.kafka.jars import java
from tests.kafka.server_properties import CLUSTER_ID, Properties
from tests.kafka.watchdog import Watchdog

# A short-lived broker beside its clients on a small machine: on two cores the serial collector and the first
# compiler alone started in 1.6 s instead of 2.0 s, and moved more messages too.
JVM = [
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xmx512m",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
]
STOP_TIMEOUT = 15


class Node:
    """A broker that can be started, stopped and killed any number of times on the same port and data."""

    def __init__(self, folder: Path, libs: Path, properties: Properties) -> None:
        """Write down how the broker is to run; `format` and `start` do the rest."""
        folder.mkdir(parents=True)
        self.log = folder / "broker.log"
        self._classpath = f"{libs}/*"
        self._properties = folder / "server.properties"
        lines = [f"{name}={value}\n" for name, value in {**properties, "log.dirs": folder / "data"}.items()]
        self._properties.write_text("".join(lines))
        self._jvm: subprocess.Popen[bytes] | None = None
        self._watchdog: Watchdog | None = None

    @property
    def pid(self) -> int | None:
        """The process's id, None unless it runs."""
        return self._jvm.pid if self._jvm and self._jvm.poll() is None else None

    def format(self) -> None:
        """Give the data directory its cluster id: Kafka refuses to start on a directory without one."""
        arguments = ["format", "--cluster-id", CLUSTER_ID, "--config", str(self._properties)]
        with self.log.open("ab") as log:
            subprocess.run(self._java("kafka.tools.StorageTool", *arguments), stdout=log, stderr=log, check=True)

    def start(self) -> None:
        """Start the process and return at once; it is up when its cluster says so."""
        with self.log.open("ab") as log:
            self._jvm = subprocess.Popen(
                self._java("kafka.Kafka", str(self._properties)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the tests, which then stop the broker
            )
        self._watchdog = Watchdog("kill", "-KILL", str(self._jvm.pid))

    def terminate(self) -> None:
        """Ask for a clean shutdown, and return at once."""
        if self._jvm and self.pid:
            self._jvm.terminate()

    def stop(self) -> None:
        """Ask for a clean shutdown, and insist when it takes too long."""
        self.terminate()
        if self._jvm:
            try:
                self._jvm.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                self._jvm.kill()
        self._reap()

    def kill(self) -> None:
        """Kill it with SIGKILL: the data is left as it stood."""
        if self._jvm:
            self._jvm.kill()
        self._reap()

    def last_words(self, lines: int = 15) -> str:
        """Return the end of the log, for the error that reports a broker which did not come up."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def _reap(self) -> None:
        if self._jvm:
            self._jvm.wait()
        if self._watchdog:
            self._watchdog.dismiss()
        self._jvm = self._watchdog = None

    def _java(self, main: str, *arguments: str) -> list[str]:
        return [java() or "java", *JVM, "-cp", self._classpath, main, *arguments]

"""Fetch the broker's jars with Maven, once per pom.xml."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

from tests.kafka.errors import NoKafka

POM = Path(__file__).with_name("pom.xml")
CACHE = POM.parents[2] / ".cache"  # in the checkout: a new HOME, or none, changes nothing
LIBS = CACHE / "kafka-libs"
DOWNLOAD_TIMEOUT = 300


def version() -> str:
    """Return the version of Kafka that the pom names, so that it is written down once."""
    pom = "{http://maven.apache.org/POM/4.0.0}"
    for dependency in ET.parse(POM).iter(f"{pom}dependency"):
        if dependency.findtext(f"{pom}artifactId", "").startswith("kafka_"):
            return dependency.findtext(f"{pom}version", "")
    raise LookupError(f"{POM} names no Kafka")


def java() -> str | None:
    """Return the command of the Java to run, JAVA_HOME's before the one on the path."""
    home = os.environ.get("JAVA_HOME")
    return shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")


def missing_tools() -> list[str]:
    """Name what would have to be installed before a broker could run here."""
    return [name for name, found in (("Java", java()), ("Maven", shutil.which("mvn"))) if not found]


def resolve() -> Path:
    """Return the folder with the jars, downloading them when the pom is not the one they came from.

    Test sessions run side by side: the first takes the lock and downloads, the others find its stamp.
    """
    CACHE.mkdir(exist_ok=True)
    stamp = LIBS / f".pom-{hashlib.sha256(POM.read_bytes()).hexdigest()[:16]}"
    with (CACHE / "kafka-libs.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists():
            shutil.rmtree(LIBS, ignore_errors=True)
            _download()
            stamp.touch()
    return LIBS


def _download() -> None:
    """Run Maven with its local repository in our cache as well."""
    command = ["mvn", "--batch-mode", "--quiet", f"--file={POM}", f"-Dmaven.repo.local={CACHE / 'maven'}"]
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={LIBS}"]
    try:
        subprocess.run([*command, *goal], check=True, capture_output=True, text=True, timeout=DOWNLOAD_TIMEOUT)
    except subprocess.TimeoutExpired:
        raise NoKafka(f"Maven did not bring Kafka's jars within {DOWNLOAD_TIMEOUT} s") from None
    except subprocess.CalledProcessError as failed:
        reason = next((line for line in failed.stdout.splitlines() if "ERROR" in line), str(failed))
        raise NoKafka(f"Maven could not bring Kafka's jars: {reason}") from None

"""Builds the side that runs on a JVM, with Maven, into `.cache/`, when first asked for."""

import hashlib
import shutil
from pathlib import Path

from bench.peers import ENVIRONMENTS, ROOT, NotHere, command
from tests.kafka.jars import java

PROJECT = Path(__file__).with_name("parallel-consumer")


def parallel_consumer() -> list[str]:
    """The command that starts it.

    Raises:
        NotHere: there is no Java or no Maven, or the build fails.
    """
    runtime = java()
    if runtime is None or shutil.which("mvn") is None:
        raise NotHere("it needs Java 17 and Maven")
    target = ENVIRONMENTS / "parallel-consumer"
    stamp = target / f".made-{digest()}"
    if not stamp.exists():
        shutil.rmtree(target, ignore_errors=True)
        command(
            "parallel-consumer",
            "mvn",
            "--batch-mode",
            "--quiet",
            f"--file={PROJECT / 'pom.xml'}",
            f"-Dmaven.repo.local={ROOT / '.cache' / 'maven'}",
            f"-Dtarget={target}",
            "compile",
            "dependency:copy-dependencies",
        )
        stamp.touch()
    return [runtime, "-cp", f"{target / 'classes'}:{target / 'dependency'}/*", "stillframe.Side"]


def digest() -> str:
    """What is built, in short: the sources and the pom."""
    files = sorted(each for each in PROJECT.rglob("*") if each.suffix in {".java", ".xml"})
    return hashlib.sha256(b"".join(each.read_bytes() for each in files)).hexdigest()[:16]

"""The broker in Docker, where an engine answers. Not exercised by our own CI, which has Java instead."""

import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.kafka import jars
from tests.kafka.kafka import Kafka, KafkaElsewhere
from tests.kafka.ports import LOOPBACK, free_ports
from tests.kafka.readiness import await_brokers
from tests.kafka.server_properties import CLUSTER_ID, single_node
from tests.kafka.watchdog import Watchdog

IMAGE = f"apache/kafka:{jars.version()}"
PULL_TIMEOUT = 300


def docker_available() -> bool:
    """Say whether an engine answers and has, or can pull, the image."""
    try:
        return _docker("version") and (_docker("image", "inspect", IMAGE) or _docker("pull", IMAGE))
    except (OSError, subprocess.TimeoutExpired):
        return False


@contextmanager
def container() -> Iterator[Kafka]:
    """Run one broker in a container of its own, with the settings that `Cluster` gives to a JVM."""
    name = f"stillframe-kafka-{secrets.token_hex(4)}"
    port, controller_port = free_ports(2)
    settings = single_node(port, controller_port, bind="0.0.0.0")
    environment = [f"--env=KAFKA_{key.upper().replace('.', '_')}={value}" for key, value in settings.items()]
    options = [
        "--detach",
        f"--name={name}",
        f"--publish={LOOPBACK}:{port}:{port}",
        f"--env=CLUSTER_ID={CLUSTER_ID}",
    ]
    watchdog = Watchdog("docker", "rm", "--force", name)
    try:
        if not _docker("run", *options, *environment, IMAGE):
            raise RuntimeError(f"docker run {IMAGE} failed")
        await_brokers(f"{LOOPBACK}:{port}")
        yield KafkaElsewhere(f"{LOOPBACK}:{port}", jars.version(), "docker")
    finally:
        _docker("rm", "--force", name)
        watchdog.dismiss()


def _docker(*arguments: str) -> bool:
    done = subprocess.run(["docker", *arguments], check=False, capture_output=True, timeout=PULL_TIMEOUT)
    return done.returncode == 0

"""What the figures were measured on and with; no names of hosts, no paths."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

import confluent_kafka

from tests.kafka import Kafka

GIBIBYTE = 2**30


def machine() -> dict[str, str]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIBIBYTE
    return {
        "processor": processor(),
        "cores": f"{os.cpu_count()}, shared with the broker",
        "memory": f"{memory:.0f} GiB",
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
    }


def processor() -> str:
    """The model as Linux tells it, else the architecture."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text(encoding="utf-8").splitlines() if told.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()


def versions(kafka: Kafka) -> dict[str, str]:
    return {
        "Apache Kafka": kafka.version,
        "Python": platform.python_version(),
        "confluent-kafka": version("confluent-kafka"),
        "librdkafka": confluent_kafka.libversion()[0],
        "pydantic": version("pydantic"),
        "Stillframe": version("stillframe-consumer"),
    }

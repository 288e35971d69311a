"""What a test may know about the broker it runs on, wherever that came from."""

from dataclasses import dataclass
from typing import Protocol


class Kafka(Protocol):
    """A broker that is up: where it is, which version, and who runs it."""

    @property
    def bootstrap_servers(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def source(self) -> str: ...


@dataclass(frozen=True)
class KafkaElsewhere:
    """A broker whose process is not ours to touch."""

    bootstrap_servers: str
    version: str
    source: str

"""How a group hands out partitions: the assignors of the classic protocol, and KIP-848."""

import json

from tests.engine.running import SHORT_SESSION

ASSIGNOR = "partition.assignment.strategy"

PROTOCOLS: dict[str, dict[str, object]] = {
    "range": {**SHORT_SESSION},
    "roundrobin": {**SHORT_SESSION, ASSIGNOR: "roundrobin"},
    "cooperative": {**SHORT_SESSION, ASSIGNOR: "cooperative-sticky"},
    "KIP-848": {"group.protocol": "consumer"},
}
#: Those that give a task and its retries to one worker.
CO_LOCATING = ("range", "KIP-848")


def as_variable(protocol: str) -> dict[str, str]:
    """The environment variable that makes a worker process use it."""
    return {"STILLFRAME_KAFKA": json.dumps(PROTOCOLS[protocol])}

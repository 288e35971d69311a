"""Does what the manifests say fit the worker as it is?"""

import http.client
import os
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from unittest.mock import patch
from urllib.parse import urlsplit

from stillframe.consumer import Worker, WorkerSettings
from stillframe.consumer.deadlines import KILLED
from stillframe.consumer.explain.insight import Insight
from stillframe.consumer.health import Health, serve_health
from stillframe.consumer.listeners.metrics import Metrics
from stillframe.consumer.operate.setting_names import check_setting_names
from stillframe.consumer.target import load_worker
from stillframe.schemas import StillframeError
from tests.kubernetes.kustomize import Manifest, only

#: Seconds after the worker's own deadlines that the supervisor and the node may take, at least and at most.
MARGIN = (1.0, 5.0)
#: The part of the memory limit that unfinished tasks may fill with their bytes.
SHARE = Fraction(1, 2)
UNITS = {"Mi": 2**20, "Gi": 2**30}


def disagreements(manifests: Iterable[Manifest]) -> list[str]:
    """Every sentence of the manifests that is not true of the worker."""
    manifests = list(manifests)
    variables = only("ConfigMap", manifests)["data"]
    pod = only("Deployment", manifests)["spec"]["template"]["spec"]
    [container] = pod["containers"]
    try:
        check_setting_names(variables)
        settings = _settings(variables)
        worker = load_worker(container["command"][2])
    except StillframeError as error:
        return [str(error)]
    return [
        *_of_command(container),
        *_of_probes(container, settings),
        *_of_the_stop(pod, settings),
        *_of_patience(container, settings),
        *_of_memory(container, settings),
        *_of_scaling(only("ScaledObject", manifests)["spec"], worker, variables),
    ]


def _settings(variables: Manifest) -> WorkerSettings:
    others = {name: value for name, value in os.environ.items() if not name.startswith("STILLFRAME_")}
    with patch.dict(os.environ, others | variables, clear=True):
        return WorkerSettings()


def _of_command(container: Manifest) -> Iterator[str]:
    if container["command"][:2] != ["stillframe", "worker"]:
        yield "the first process is not `stillframe worker`, which hears SIGTERM"


def _of_probes(container: Manifest, settings: WorkerSettings) -> Iterator[str]:
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    answers = _answers(
        [container[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "liveness", "readiness")]
    )
    for name, status in zip(("startup", "liveness", "readiness"), answers, strict=True):
        asked = container[f"{name}Probe"]["httpGet"]
        if ports.get(asked["port"]) != settings.health_port:
            yield f"the {name} probe asks port {asked['port']}, which is not STILLFRAME_HEALTH_PORT"
        # Before it has begun a worker is alive and not ready: that tells the two paths apart, and from any other.
        if status != (503 if name == "readiness" else 200):
            yield f"the {name} probe asks {asked['path']}, which answers {status} before the worker has begun"


def _answers(paths: Sequence[str]) -> list[int]:
    settings = WorkerSettings(health_host="127.0.0.1", health_port=0)
    with serve_health(settings, Health(60.0, []), Metrics("mailer"), Insight("mailer", 1)) as address:
        connections = [http.client.HTTPConnection(urlsplit(address or "").netloc, timeout=10) for _ in paths]
        for connection, path in zip(connections, paths, strict=True):
            connection.request("GET", path)
        statuses = [connection.getresponse().status for connection in connections]
        for connection in connections:
            connection.close()
        return statuses


def _of_the_stop(pod: Manifest, settings: WorkerSettings) -> Iterator[str]:
    least, most = (settings.grace + KILLED + margin for margin in MARGIN)
    if not least <= pod["terminationGracePeriodSeconds"] <= most:
        yield f"terminationGracePeriodSeconds has to be {least:.0f} to {most:.0f}, for a worker's stop takes that"


def _of_patience(container: Manifest, settings: WorkerSettings) -> Iterator[str]:
    alive, started = container["livenessProbe"], container["startupProbe"]
    start = started["failureThreshold"] * started["periodSeconds"]
    # From the first probe that fails to the last one of the threshold.
    patience = (alive["failureThreshold"] - 1) * alive["periodSeconds"]
    if patience < (settings.hang_after or 0.0) + start:
        yield "the liveness probe ends the pod before the supervisor has replaced a process that hangs"


def _of_memory(container: Manifest, settings: WorkerSettings) -> Iterator[str]:
    limit = container["resources"]["limits"]["memory"]
    if settings.total_bytes > int(limit[:-2]) * UNITS[limit[-2:]] * SHARE:
        yield f"STILLFRAME_TOTAL_BYTES is more than half of the memory limit {limit}"


def _of_scaling(spec: Manifest, worker: Worker, variables: Manifest) -> Iterator[str]:
    [family] = worker.families()
    tasks, *retries = (trigger["metadata"] for trigger in spec["triggers"])
    if tasks["topic"] != family.topic:
        yield f"the first trigger looks at {tasks['topic']}, not at the task topic"
    if tasks["lagThreshold"] != "10":
        yield f"one worker for each {tasks['lagThreshold']} offsets of lag, not 10"
    to_zero = spec["minReplicaCount"] == 0
    if {retry["topic"] for retry in retries} != (set(family.retry_topics) if to_zero else set()):
        yield "retry topics keep a worker exactly if there might be none: each has a trigger, or no one has"
    if any(int(retry["lagThreshold"]) < 1_000_000 for retry in retries):
        yield "what waits in a retry topic starts more than one worker"
    for trigger in (tasks, *retries):
        if trigger["consumerGroup"] != worker.group:
            yield f"the trigger of {trigger['topic']} looks at group {trigger['consumerGroup']}"
        if trigger["bootstrapServersFromEnv"] not in variables:
            yield f"no variable is called {trigger['bootstrapServersFromEnv']}"
        if trigger["offsetResetPolicy"] != "earliest":
            yield "a partition without a commit is read from its beginning"

"""Paths, port, times, sizes, settings, group and topics of k8s/ are the worker's; one that is not is found."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from tests.kubernetes import built, only, with_component
from tests.kubernetes.agreement import disagreements


def probe(name: str, **changes: object) -> Callable[[Any], object]:
    return lambda it: container(it)[f"{name}Probe"].update(changes)


def asking(name: str, **changes: object) -> Callable[[Any], object]:
    return lambda it: container(it)[f"{name}Probe"]["httpGet"].update(changes)


def looking(**changes: str) -> Callable[[Any], object]:
    return lambda it: it["spec"]["triggers"][0]["metadata"].update(changes)


PLANTED: dict[str, tuple[str, Callable[[Any], object]]] = {
    "unknown setting": ("ConfigMap", lambda it: it["data"].update(STILLFRAME_GRACE_PERIOD="25")),
    "partition_records": ("ConfigMap", lambda it: it["data"].update(STILLFRAME_PARTITION_RECORDS="many")),
    "not STILLFRAME_HEALTH_PORT": ("ConfigMap", lambda it: it["data"].update(STILLFRAME_HEALTH_PORT="8080")),
    "has to be 62 to 66": ("ConfigMap", lambda it: it["data"].update(STILLFRAME_GRACE="60")),
    "has to be 27 to 31": ("Deployment", lambda it: pod(it).update(terminationGracePeriodSeconds=26)),
    "a process that hangs": ("Deployment", probe("liveness", failureThreshold=3)),
    "that hangs": ("ConfigMap", lambda it: it["data"].update(STILLFRAME_HANG_AFTER="300")),
    "half of the memory limit": ("ConfigMap", lambda it: it["data"].update(STILLFRAME_TOTAL_BYTES="536870912")),
    "asks /healthz, which answers 404": ("Deployment", asking("liveness", path="/healthz")),
    "liveness probe asks /readyz": ("Deployment", asking("liveness", path="/readyz")),
    "startup probe asks /readyz": ("Deployment", asking("startup", path="/readyz")),
    "readiness probe asks /livez": ("Deployment", asking("readiness", path="/livez")),
    "probe asks port http": ("Deployment", asking("readiness", port="http")),
    "no module": ("Deployment", lambda it: container(it)["command"].__setitem__(2, "mailer.worker:worker")),
    "hears SIGTERM": ("Deployment", lambda it: container(it)["command"].__setitem__(0, "sh")),
    "not at the task topic": ("ScaledObject", looking(topic="mails")),
    "looks at group web": ("ScaledObject", looking(consumerGroup="web")),
    "of lag, not 10": ("ScaledObject", looking(lagThreshold="100")),
    "read from its beginning": ("ScaledObject", looking(offsetResetPolicy="latest")),
    "no variable is called": ("ScaledObject", looking(bootstrapServersFromEnv="BOOTSTRAP_SERVERS")),
    "keep a worker exactly if": ("ScaledObject", lambda it: it["spec"].update(minReplicaCount=0)),
}


def pod(deployment: Any) -> Any:
    return deployment["spec"]["template"]["spec"]


def container(deployment: Any) -> Any:
    return pod(deployment)["containers"][0]


def test_the_base_agrees() -> None:
    """With the settings as the worker itself reads them from the ConfigMap's variables."""
    assert disagreements(built()) == []


def test_so_does_what_scales_to_zero() -> None:
    """Every retry topic has a trigger, and these are all."""
    assert disagreements(with_component("scale-to-zero")) == []


@pytest.mark.parametrize("told", PLANTED)
def test_a_planted_fault_is_found(told: str) -> None:
    """A manifest that has drifted from the code says in what."""
    kind, plant = PLANTED[told]
    manifests = deepcopy(built())
    plant(only(kind, manifests))
    assert told in "\n".join(disagreements(manifests))


def test_the_scaler_decides_how_many() -> None:
    """Applying the manifests again must not undo what it has decided."""
    assert "replicas" not in only("Deployment", built())["spec"]


def test_a_worker_has_no_rights_that_it_does_not_need() -> None:
    """The restricted Pod Security Standard, a file system that is read only, and no token."""
    spec = pod(only("Deployment", built()))
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container(only("Deployment", built()))["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert spec["automountServiceAccountToken"] is False
    assert {name for volume in spec["volumes"] for name in volume} == {"name", "emptyDir"}

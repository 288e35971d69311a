"""What kustomize makes of k8s/ is what Kubernetes and KEDA know, to the last field; a misspelt one is found."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from tests.kubernetes import Manifest, built, faults, only, with_component

PLANTED: dict[str, tuple[str, Callable[[Any], object]]] = {
    "a field of the Deployment": ("Deployment", lambda it: it["spec"].update(replica=1)),
    "a field of the pod": ("Deployment", lambda it: pod(it).update(terminationGracePeriod=30)),
    "a field of a probe": ("Deployment", lambda it: container(it)["livenessProbe"].update(periodSecond=10)),
    "a field of a context": ("Deployment", lambda it: container(it)["securityContext"].update(readOnly=True)),
    "a number that is a text": ("Deployment", lambda it: pod(it).update(terminationGracePeriodSeconds="30")),
    "a setting that is a number": ("ConfigMap", lambda it: it["data"].update(STILLFRAME_GRACE=25)),
    "a field of the account": ("ServiceAccount", lambda it: it.update(automountToken=False)),
    "a field of the ScaledObject": ("ScaledObject", lambda it: it["spec"].update(minReplicas=1)),
    "a field of the metadata": ("ScaledObject", lambda it: it["metadata"].update(label={})),
    "a field of the target": ("ScaledObject", lambda it: it["spec"]["scaleTargetRef"].update(deployment="x")),
    "fewer at most than at least": ("ScaledObject", lambda it: it["spec"].update(minReplicaCount=25)),
    "no trigger": ("ScaledObject", lambda it: it["spec"].update(triggers=[])),
    "another trigger": ("ScaledObject", lambda it: it["spec"]["triggers"][0].update(type="kafak")),
    "a parameter of the trigger": ("ScaledObject", lambda it: trigger(it).update(lagTreshold="10")),
    "a threshold that is a number": ("ScaledObject", lambda it: trigger(it).update(lagThreshold=10)),
    "a threshold that is a word": ("ScaledObject", lambda it: trigger(it).update(lagThreshold="ten")),
    "an unknown policy": ("ScaledObject", lambda it: trigger(it).update(offsetResetPolicy="error")),
    "no group": ("ScaledObject", lambda it: trigger(it).pop("consumerGroup")),
    "no brokers": ("ScaledObject", lambda it: trigger(it).pop("bootstrapServersFromEnv")),
}


def pod(deployment: Manifest) -> Any:
    return deployment["spec"]["template"]["spec"]


def container(deployment: Manifest) -> Any:
    return pod(deployment)["containers"][0]


def trigger(scaled_object: Manifest) -> Any:
    return scaled_object["spec"]["triggers"][0]["metadata"]


def test_the_base_is_valid() -> None:
    """Four manifests, and nothing in them that a cluster would refuse or ignore."""
    kinds = ["ServiceAccount", "ConfigMap", "Deployment", "ScaledObject"]
    assert [manifest["kind"] for manifest in built()] == kinds
    assert [fault for manifest in built() for fault in faults(manifest)] == []


def test_so_is_what_scales_to_zero() -> None:
    """The base with its component."""
    manifests = with_component("scale-to-zero")
    assert len(only("ScaledObject", manifests)["spec"]["triggers"]) == 4
    assert [fault for manifest in manifests for fault in faults(manifest)] == []


@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_fault_is_found(planted: str) -> None:
    """The schemas are strict, where they are Kubernetes' and where they are KEDA's."""
    kind, plant = PLANTED[planted]
    manifest = deepcopy(only(kind, built()))
    plant(manifest)
    assert faults(manifest)

"""Judge manifests strictly: what a schema does not know is a fault, as `kubectl --validate=strict` has it."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import yaml
from jsonschema import Draft202012Validator

from tests.kubernetes.kustomize import Manifest

#: The oldest and the newest Kubernetes that the manifests are meant for.
VERSIONS = ("1.33", "1.37")
KEDA = Path(__file__).with_name("keda-2.21.0")
#: A custom resource's schema leaves metadata to Kubernetes.
METADATA = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string"},
        "namespace": {"type": "string"},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}


def faults(manifest: Manifest) -> list[str]:
    """Everything that a cluster would refuse, or would pass over in silence."""
    if manifest["apiVersion"].startswith("keda.sh/"):
        return list(_of_keda(manifest))
    return list(_of_kubernetes(manifest))


def _of_kubernetes(manifest: Manifest) -> Iterator[str]:
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(manifest, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f"Kubernetes {version}: {error.message}"


def _of_keda(manifest: Manifest) -> Iterator[str]:
    for error in Draft202012Validator(_resource_schema(manifest["kind"])).iter_errors(manifest):
        yield f"KEDA: {error.json_path}: {error.message}"
    spec = manifest.get("spec", {})
    # The one rule that the schema has in CEL.
    if spec.get("minReplicaCount", 0) > spec.get("maxReplicaCount", 100):
        yield "KEDA: minReplicaCount must be less than or equal to maxReplicaCount"
    for trigger in spec.get("triggers", ()):
        yield from _of_kafka_trigger(trigger)
    for secret in spec.get("secretTargetRef", ()):
        if secret["parameter"] not in _names("triggerAuthenticationVariableReadable"):
            yield f"KEDA: trigger kafka reads no {secret['parameter']!r} from a TriggerAuthentication"


def _of_kafka_trigger(trigger: Manifest) -> Iterator[str]:
    if trigger.get("type") != "kafka":
        yield f"KEDA: type {trigger.get('type')!r}: only `kafka` is known here"
        return
    for error in Draft202012Validator(_trigger_schema()).iter_errors(trigger.get("metadata", {})):
        yield f"KEDA: trigger kafka: {error.message}"


@cache
def _resource_schema(kind: str) -> dict[str, Any]:
    definition = yaml.safe_load((KEDA / f"{kind.lower()}s.yaml").read_text(encoding="utf-8"))
    [version] = definition["spec"]["versions"]
    schema: dict[str, Any] = _closed(version["schema"]["openAPIV3Schema"])
    group = definition["spec"]["group"]
    schema["properties"]["apiVersion"]["const"] = f"{group}/{version['name']}"
    schema["properties"]["metadata"] = METADATA
    return schema


def _closed(schema: Any) -> Any:
    """The same schema, in which an object has no other fields than those that are named."""
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(each) for name, each in schema.items()}
    # `properties` may be the name of a field too: then it has no type beside it.
    if "properties" in schema and schema.get("type") == "object":
        closed.setdefault("additionalProperties", False)
    return closed


@cache
def _trigger_schema() -> dict[str, Any]:
    """Of the scaler's metadata: its parameters, each a string, and where it may be, a variable's name instead."""
    properties = {
        each["name"]: _parameter_schema(each) for each in _parameters() if "metadataVariableReadable" in each
    }
    from_variables = {f"{name}FromEnv": {"type": "string"} for name in _names("envVariableReadable")}
    required = [
        {"anyOf": [{"required": [each["name"]]}, {"required": [f"{each['name']}FromEnv"]}]}
        for each in _parameters()
        if not each.get("optional") and "default" not in each
    ]
    return {"additionalProperties": False, "properties": properties | from_variables, "allOf": required}


def _names(readable: str) -> list[str]:
    return [each["name"] for each in _parameters() if readable in each]


@cache
def _parameters() -> list[Manifest]:
    scaler = json.loads((KEDA / "kafka-scaler.json").read_text(encoding="utf-8"))
    parameters: list[Manifest] = scaler["parameters"]
    return parameters


def _parameter_schema(parameter: Manifest) -> dict[str, Any]:
    default = str(parameter.get("default", ""))
    if default in {"true", "false"}:
        return {"enum": ["true", "false"]}
    if default.isdecimal():
        return {"type": "string", "pattern": "^[0-9]+$"}
    return {"enum": parameter["allowedValue"]} if "allowedValue" in parameter else {"type": "string"}

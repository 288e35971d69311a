"""Take a permission away from everybody, and give it back, on a broker that asks for permissions."""

from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

#: Everybody may do everything to whatever has no rule: a scenario's rule is the only one.
AUTHORIZED = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "allow.everyone.if.no.acl.found": "true",
}


def forbid_writing(bootstrap_servers: str, topic: str) -> None:
    _forbid(bootstrap_servers, topic, AclOperation.WRITE)


def forbid_reading(bootstrap_servers: str, topic: str) -> None:
    _forbid(bootstrap_servers, topic, AclOperation.READ)


def permit(bootstrap_servers: str, topic: str) -> None:
    """Take every rule away that a scenario has made for a topic."""
    admin = AdminClient({"bootstrap.servers": bootstrap_servers})
    _await(admin.delete_acls([AclBindingFilter(*_rule(topic, AclOperation.ANY))]))


def _forbid(bootstrap_servers: str, topic: str, operation: AclOperation) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap_servers})
    _await(admin.create_acls([AclBinding(*_rule(topic, operation))]))


def _rule(
    topic: str, operation: AclOperation
) -> tuple[ResourceType, str, ResourcePatternType, str, str, AclOperation, AclPermissionType]:
    literal, everybody = ResourcePatternType.LITERAL, "User:ANONYMOUS"
    return ResourceType.TOPIC, topic, literal, everybody, "*", operation, AclPermissionType.DENY


def _await(answers: Mapping[Any, Future[Any]]) -> None:
    for answer in answers.values():
        answer.result(10)

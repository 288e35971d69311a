"""The group's own configuration, which brokers keep."""

from confluent_kafka.admin import (  # type: ignore[attr-defined]  # re-exported
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from tests.chaos.settings import GROUP
from tests.kafka.readiness import admin_client

ANSWER_TIMEOUT = 10.0
#: How long a member of a KIP-848 group may be silent; one of a classic group asks for its time itself.
SESSION_TIMEOUT = "consumer.session.timeout.ms"


def give_session(bootstrap_servers: str, seconds: float) -> None:
    """Let the group's members be silent for so long."""
    value = str(round(seconds * 1_000))
    entry = ConfigEntry(SESSION_TIMEOUT, value, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.GROUP, GROUP, incremental_configs=[entry])
    admin = admin_client(bootstrap_servers)  # the answer comes only while it is held
    (done,) = admin.incremental_alter_configs([resource]).values()
    done.result(ANSWER_TIMEOUT)

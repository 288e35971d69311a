"""librdkafka's own properties: which may pass through, and what its complaints mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from confluent_kafka import KafkaException

from stillframe.producer.settings.faults import without_secrets
from stillframe.schemas.errors import SettingsError

T = TypeVar("T")

Property = str | int | float | bool

#: Refused for every client: each has a setting of ours, or would break a promise.
ALWAYS_REFUSED: Final = {
    "bootstrap.servers": "use bootstrap_servers",
    "metadata.broker.list": "use bootstrap_servers",
    "allow.auto.create.topics": "topics are made from the code that uses them by `stillframe topics apply`",
}


def merged(passed: Mapping[str, Property], own: Mapping[str, Any], refused: Mapping[str, str]) -> dict[str, Any]:
    """Pass-through properties under our own ones.

    Raises:
        SettingsError: one of them is refused by name, or is set by us; the message has the cure.
    """
    cures = dict.fromkeys(own, "it is set by Stillframe and has no alternative: remove it")
    cures |= ALWAYS_REFUSED | dict(refused)
    faults = [f"kafka[{name!r}] is refused: {cures[name]}" for name in passed if name in cures]
    if faults:
        raise SettingsError("\n".join(faults))
    return {**passed, **own}


def build(factory: Callable[[dict[str, Any]], T], config: Mapping[str, Any]) -> T:
    """Build a Kafka client, such as ``build(confluent_kafka.Producer, config)``.

    Raises:
        SettingsError: librdkafka does not know a property or cannot use its value.
    """
    try:
        return factory(dict(config))
    except KafkaException as error:
        reason = error.args[0].str()
    except (TypeError, ValueError) as error:  # a property that takes a Python object
        reason = str(error)
    raise SettingsError(
        f"kafka: librdkafka refuses a property: {without_secrets(reason.strip(), config)}; "
        "correct it in kafka= (code), STILLFRAME_KAFKA or [kafka] in the settings file"
    )

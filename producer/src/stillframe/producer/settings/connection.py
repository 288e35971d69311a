"""How to reach Kafka: what every part of Stillframe needs to know, and where settings come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import pydantic_settings
from pydantic import ValidationError, field_validator
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from stillframe.producer.settings.faults import explained, masked
from stillframe.producer.settings.file import read_file
from stillframe.producer.settings.librdkafka import Property, merged
from stillframe.schemas.errors import SettingsError

PREFIX: Final = "STILLFRAME_"


class ConnectionSettings(BaseSettings):
    """Where Kafka is, and librdkafka's own properties. Immutable; its ``repr`` masks secrets.

    A value given in code wins over the ``STILLFRAME_*`` variable, and that over the file that
    ``STILLFRAME_CONFIG_FILE`` names (default ``./stillframe.toml``, if there is one). ``kafka`` is
    merged from all three, property by property.

    Attributes:
        bootstrap_servers: addresses of some brokers, ``host:port``, comma-separated.
        require_tls: refuse a broker off this machine that is not reached through TLS.
        kafka: any property of librdkafka (its CONFIGURATION.md) but those that our promises stand
            on. As a variable it is a JSON object, in the file a table.

    Raises:
        SettingsError: a setting is unknown or out of range; one line for each, without values.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    bootstrap_servers: str = "localhost:9092"
    require_tls: bool = False
    kafka: dict[str, Property] = {}

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise SettingsError(explained(error, type(self).__name__, type(self).model_fields)) from None
        except pydantic_settings.SettingsError as error:
            raise SettingsError(f"{error}: a table such as kafka is written as a JSON object") from None

    @field_validator("kafka", mode="before")
    @classmethod
    def _flatten(cls, value: Any) -> Any:
        """TOML reads an unquoted ``security.protocol`` as a table in a table: it is meant as one name."""
        return dict(_dotted(value)) if isinstance(value, Mapping) else value

    def librdkafka(self, own: Mapping[str, Any], *, refused: Mapping[str, str]) -> dict[str, Any]:
        """The properties for one client: those passed through, under the ones our promises stand on.

        Args:
            own: properties that we set, whatever was passed through.
            refused: property name, aliases included, to the setting or behaviour of ours to use instead.

        Raises:
            SettingsError: a refused property was passed through.
        """
        own = {"bootstrap.servers": self.bootstrap_servers, **own}
        return merged(self.kafka, own, refused)

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            yield name, masked(value) if name == "kafka" else value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Code, then variables, then the file; of the file only what is ours, for others share it."""
        ours = {name: value for name, value in read_file().items() if name in settings_cls.model_fields}
        return init_settings, env_settings, InitSettingsSource(settings_cls, init_kwargs=ours)


def _dotted(table: Mapping[str, Any], path: str = "") -> Iterable[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _dotted(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value

"""The names that a payload model declares: what an error may show of a path, for the rest is content."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue


class LenientSchema(GenerateJsonSchema):
    """A JSON Schema of any model: a part that has none is left blank, and no warning shows a default."""

    ignored_warning_kinds = {"skipped-choice", "non-serializable-default", "skipped-discriminator"}  # noqa: RUF012

    def handle_invalid_for_json_schema(self, schema: Any, error_info: str) -> JsonSchemaValue:
        del schema, error_info
        return {}


@lru_cache(maxsize=1_024)
def declared_names(model: type[BaseModel]) -> frozenset[str]:
    """Every field name of a model as it is on the wire, nested models included."""
    return frozenset(_property_names(model.model_json_schema(schema_generator=LenientSchema)))


def show_path(path: tuple[int | str, ...], known: frozenset[str]) -> str:
    """A path into a value, with ``*`` for each name that nobody declared."""
    return ".".join(str(part) if isinstance(part, int) or part in known else "*" for part in path) or "value"


def _property_names(schema: Any) -> set[str]:
    names: set[str] = set()
    if isinstance(schema, dict):
        properties = schema.get("properties")
        names.update(properties if isinstance(properties, dict) else ())
        schema = list(schema.values())
    if isinstance(schema, list):
        for part in schema:
            names |= _property_names(part)
    return names

"""docs/reference/settings.md."""

import inspect
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import griffe

from stillframe.consumer.settings import REFUSED as WORKER_REFUSED
from stillframe.consumer.settings import WorkerSettings
from stillframe.producer.properties import REFUSED as PRODUCER_REFUSED
from stillframe.producer.settings import ConnectionSettings, ProducerSettings
from stillframe.producer.settings.librdkafka import ALWAYS_REFUSED
from tests.generated.reference.markdown import code, page, prose, table

ABOUT: Final = (
    "A setting is given in code, as the variable `STILLFRAME_` and its name in capitals, or in the TOML file that "
    "`STILLFRAME_CONFIG_FILE` names (`./stillframe.toml` by default); the first of these wins. Durations are in "
    "seconds, sizes in bytes. In a variable a list or a table is JSON, and `none` is none."
)
KAFKA: Final = (
    "Everything else of librdkafka's passes through `kafka`, such as "
    '`STILLFRAME_KAFKA=\'{"security.protocol": "SASL_SSL", …}\'`. These are refused, each with its remedy:'
)
#: For JSON Schema's.
WORDS: Final = {"null": "none", "array": "list", "object": "table"}
#: The default that is made at run time, by the setting's name.
MADE: Final = {"processes": "processors, at most 8"}


def settings_page() -> str:
    """Every setting with its variable, type, default and meaning, and the properties that are refused."""
    shared = set(ConnectionSettings.model_fields)
    refused = [
        (code(name), who, prose(cure))
        for who, table_of in (("both", ALWAYS_REFUSED), ("producer", PRODUCER_REFUSED), ("worker", WORKER_REFUSED))
        for name, cure in table_of.items()
    ]
    return page(
        "Settings", ABOUT,
        "## Of both", _table(ConnectionSettings, shared),
        "## Of the producer", _table(ProducerSettings, set(ProducerSettings.model_fields) - shared),
        "## Of the worker", _table(WorkerSettings, set(WorkerSettings.model_fields) - shared),
        "## librdkafka's own properties", KAFKA, table(("property", "of", "remedy"), refused),
    )  # fmt: skip


def _table(settings: type[ConnectionSettings], names: set[str]) -> str:
    return table(("setting", "variable", "type", "default", "what it is"), _rows(settings, names))


def _rows(settings: type[ConnectionSettings], names: set[str]) -> Iterator[tuple[str, ...]]:
    described = _attributes(settings)
    whole = settings.model_json_schema()
    for name in (each for each in settings.model_fields if each in names):
        schema = whole["properties"][name]
        default = MADE[name] if name in MADE else code(_written(schema["default"]))
        says = schema.get("description") or described[name]
        yield code(name), code(f"STILLFRAME_{name.upper()}"), _kind(_resolved(schema, whole)), default, prose(says)


def _resolved(schema: Mapping[str, Any], whole: Mapping[str, Any]) -> Mapping[str, Any]:
    """The definition that a reference names; references stand at the top alone."""
    return whole["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def _written(default: object) -> str:
    """As a variable would have it."""
    match default:
        case None:
            return "none"
        case str():
            return default
        case _:
            return json.dumps(default)


def _attributes(settings: type[ConnectionSettings]) -> dict[str, str]:
    """What the docstring says of each attribute."""
    sections = griffe.Docstring(inspect.getdoc(settings) or "").parse("google", warnings=False)
    return {
        each.name: each.description
        for section in sections
        if isinstance(section, griffe.DocstringSectionAttributes)
        for each in section.value
    }


def _kind(schema: Mapping[str, Any]) -> str:
    """A JSON Schema in words: its type, bounds or choices."""
    match schema:
        case {"anyOf": kinds}:
            return " or ".join(map(_kind, kinds))
        case {"enum": choices}:
            return ", ".join(map(code, choices))
        case {"type": kind}:
            return f"{WORDS.get(kind, kind)}{_bounds(schema)}"
        case _:
            raise LookupError(f"no word for {schema}")


def _bounds(schema: Mapping[str, Any]) -> str:
    signs = {"exclusiveMinimum": ">", "minimum": "≥", "exclusiveMaximum": "<", "maximum": "≤"}
    found = [f"{sign} {schema[name]:,}" for name, sign in signs.items() if name in schema]
    return f", {', '.join(found)}" if found else ""

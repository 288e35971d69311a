"""The JSON Schema of the envelope, as its pydantic models have it."""

import json
import re
from typing import Any, Final

from pydantic import JsonValue
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from stillframe.schemas.envelope import Envelope

#: What `format` and `contentEncoding` say, for validators that take no notice of them.
RFC3339: Final = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$"
BASE64: Final = "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
#: A list of plain values over several lines, and what breaks it there. Strings have no line ends in JSON.
INNERMOST: Final = re.compile(r'\[\n(?:\s+(?:"(?:[^"\\]|\\.)*"|[\w.+-]+),?\n)+\s*\]')
LINE_END: Final = re.compile(r"\n\s*")


class WireSchema(GenerateJsonSchema):
    """Names as they are on the wire, without titles made of them; bytes as the text that they become."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        del schema
        return False

    def bytes_schema(self, schema: Any) -> JsonSchemaValue:
        del schema
        return {"type": "string", "contentEncoding": "base64", "pattern": BASE64}

    def datetime_schema(self, schema: Any) -> JsonSchemaValue:
        return super().datetime_schema(schema) | {"pattern": RFC3339}


def envelope_schema() -> str:
    made = Envelope[dict[str, JsonValue]].model_json_schema(by_alias=True, schema_generator=WireSchema)
    made.pop("title")
    head = {
        "$schema": WireSchema.schema_dialect,
        "$id": "urn:stillframe:envelope:1",
        "title": "A Stillframe task, version 1",
    }
    return as_json(head | made)


def as_json(value: Any) -> str:
    """For people to read, and for `git diff`: what holds no list or object stands on one line."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return INNERMOST.sub(_on_one_line, text) + "\n"


def _on_one_line(found: re.Match[str]) -> str:
    return f"[{LINE_END.sub(' ', found[0][1:-1]).strip()}]"

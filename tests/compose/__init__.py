"""compose.yaml as Compose reads it: anchors and merges resolved, variables put in."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
#: The form that is used there: a variable with what it is by default.
VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")


def project(**variables: str) -> dict[str, Any]:
    """The whole file, with these variables in place of its defaults."""
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(VARIABLE.sub(lambda match: variables.get(match[1], match[2]), text))
    return found


def defaults() -> dict[str, str]:
    """Each variable that the file asks for, and what it is by default."""
    return dict(VARIABLE.findall((ROOT / "compose.yaml").read_text(encoding="utf-8")))


def kafka_properties(environment: Mapping[str, object]) -> dict[str, str]:
    """server.properties, as the image apache/kafka makes them of its variables."""
    return {
        name.removeprefix("KAFKA_").lower().replace("_", "."): str(value)
        for name, value in environment.items()
        if name.startswith("KAFKA_")
    }

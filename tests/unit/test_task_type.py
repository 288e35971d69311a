"""TaskType: declared once, checked where it is declared, and the source of keys."""

import subprocess
import sys
from enum import Enum
from typing import Any

import pytest
from pydantic import BaseModel, RootModel

from stillframe.schemas import DefinitionError, EncodeError, TaskType


class Email(BaseModel):
    to: Any


class Fruit(str, Enum):  # noqa: UP042 - its str() is its name, unlike StrEnum's
    PEAR = "pear"


@pytest.mark.parametrize("name", ["a", "send_email", "0", "a.b-c_D9", "x" * 128])
def test_legal_names(name: str) -> None:
    """1 to 128 of a-z A-Z 0-9 . _ -, starting with a letter or digit."""
    assert TaskType(name, Email, topic="t").name == name


@pytest.mark.parametrize("name", ["", "-a", ".a", "a b", "é", "a\n", "x" * 129, 5, None, b"a"])
def test_illegal_names_are_refused(name: Any) -> None:
    """The error shows the name and what a legal one looks like."""
    with pytest.raises(DefinitionError, match="is not legal: start with"):
        TaskType(name, Email, topic="t")


@pytest.mark.parametrize("payload", [dict, Email(to=1), None, "Email", BaseModel, RootModel[list[int]]])
def test_the_payload_is_a_model_with_fields(payload: Any) -> None:
    """A payload is a JSON object to which fields can be added later: no bare list, dict or instance."""
    with pytest.raises(DefinitionError, match="task type 't'"):
        TaskType("t", payload, topic="t")


@pytest.mark.parametrize("topic", ["", ".", "..", "a b", "x" * 250, "a/b", None, 5])
def test_the_topic_is_a_legal_kafka_name(topic: Any) -> None:
    """What Kafka would refuse is refused at declaration."""
    with pytest.raises(DefinitionError, match="task type 't': topic"):
        TaskType("t", Email, topic=topic)


def test_a_key_must_be_callable() -> None:
    """A field's name is not a function; the error shows one."""
    key: Any = "to"
    with pytest.raises(DefinitionError, match="such as lambda"):
        TaskType("t", Email, topic="t", key=key)


@pytest.mark.parametrize(
    ("returned", "key"),
    [
        ("ada", b"ada"),
        ("é", "é".encode()),
        (b"\xff", b"\xff"),
        ("", b""),
        (None, None),
        (Fruit.PEAR, b"pear"),
    ],
)
def test_keys_are_bytes(returned: Any, key: bytes | None) -> None:
    """Text becomes UTF-8, bytes stay, None gives up order."""
    assert TaskType("t", Email, topic="t", key=lambda email: email.to).key_of(Email(to=returned)) == key


@pytest.mark.parametrize("returned", [5, True, 1.5, ["a"], bytearray(b"a"), Email(to=1)])
def test_a_key_of_another_type_is_refused(returned: Any) -> None:
    """The error names the type and the task type, not the value."""
    with pytest.raises(DefinitionError, match=f"of type {type(returned).__name__}; return str"):
        TaskType("t", Email, topic="t", key=lambda email: email.to).key_of(Email(to=returned))


def test_a_key_that_is_not_utf8_is_refused_unseen() -> None:
    """Lone surrogates have no bytes; the text is not shown."""
    with pytest.raises(EncodeError, match="surrogates") as refused:
        TaskType("t", Email, topic="t", key=lambda email: email.to).key_of(Email(to="canary\ud800"))
    assert "canary" not in str(refused.value)


def test_without_a_key_function_there_is_no_key() -> None:
    """Unordered is the default."""
    assert TaskType("t", Email, topic="t").key_of(Email(to="ada")) is None


def test_the_wire_imports_no_kafka() -> None:
    """Shared task declarations cost a web application or a script nothing but pydantic and orjson."""
    code = "import sys, stillframe.schemas; print([m for m in sys.modules if 'kafka' in m or 'telemetry' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

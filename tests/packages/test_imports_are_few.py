"""What imports one part gets what that needs and no more: no Kafka with the schemas, no web framework with the
producer, no Kafka and no models for `stillframe --version`."""

import json
import subprocess
import sys

import pytest

WEB = {"aiohttp", "django", "fastapi", "flask", "starlette", "uvicorn"}
DATABASES = {"sqlalchemy"}
KAFKA = {"confluent_kafka"}
WORKER = {"opentelemetry.sdk", "prometheus_client", "rich", "structlog", "typer"}
TESTS = {"pytest", "hypothesis"}


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("stillframe.schemas", WEB | DATABASES | KAFKA | WORKER | {"opentelemetry", "stillframe.producer"}),
        ("stillframe.producer", WEB | DATABASES | WORKER | {"stillframe.consumer"}),
        ("stillframe.producer.asgi", WEB | DATABASES | WORKER),
        ("stillframe.producer.wsgi", WEB | DATABASES | WORKER),
        ("stillframe.producer.sqlalchemy", WEB | WORKER),
        ("stillframe.producer.testing", WEB | DATABASES | TESTS),
        ("stillframe.consumer", WEB | DATABASES | {"rich", "typer"}),
        ("stillframe.consumer.testing", WEB | DATABASES | TESTS),
    ],
)
def test_an_import_brings_no_more_than_it_needs(module: str, unwanted: set[str]) -> None:
    asked = f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))"
    assert unwanted & loaded(asked) == set()


def loaded(program: str) -> set[str]:
    ran = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return set(json.loads(ran.stdout.splitlines()[-1]))

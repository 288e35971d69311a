"""Under the reloaders of Flask, Django and uvicorn, which import the application in two processes and start it anew
at each change, every accepted request becomes one task."""

from collections import Counter
from pathlib import Path

import httpx
import pytest

from tests.engine.looking import read_all
from tests.kafka import CreateTopic, Kafka
from tests.producing import task_ids
from tests.waiting import wait_until
from tests.web.servers import Server, started

FLASK = """
from tests.web.flask_app import app

@app.get("/version")
def version():
    return "VERSION"
"""
DJANGO = """
from tests.web.django_settings import *

ROOT_URLCONF = "reloaded_urls"
"""
DJANGO_URLS = """
from django.http import HttpResponse
from django.urls import path
from tests.web.django_app import urlpatterns

urlpatterns = [*urlpatterns, path("version", lambda request: HttpResponse("VERSION"))]
"""
FASTAPI = """
from fastapi import Response
from tests.web.fastapi_app import app

@app.get("/version")
def version():
    return Response("VERSION")
"""

#: What is changed while it runs, the files around it, and the command.
RELOADERS: dict[str, tuple[str, dict[str, str], tuple[str, ...]]] = {
    "flask": (
        "reloaded.py",
        {"reloaded.py": FLASK},
        ("flask", "--app", "reloaded", "run", "--debug", "-p", "{port}"),
    ),
    "django": (
        "reloaded_urls.py",
        {"reloaded.py": DJANGO, "reloaded_urls.py": DJANGO_URLS},
        ("django", "runserver", "127.0.0.1:{port}"),
    ),
    "uvicorn": ("reloaded.py", {"reloaded.py": FASTAPI}, ("uvicorn", "--reload", "--port", "{port}", "reloaded:app")),
}


@pytest.mark.parametrize("name", RELOADERS)
def test_development_reloaders_submit_each_task_once(
    kafka: Kafka, create_topic: CreateTopic, topic_name: str, tmp_path: Path, name: str
) -> None:
    create_topic(topic_name)
    changed, files, command = RELOADERS[name]
    for file, text in files.items():
        (tmp_path / file).write_text(text.replace("VERSION", "one"))
    environment = {
        "STILLFRAME_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "TOPIC": topic_name,
        "DJANGO_SETTINGS_MODULE": "reloaded",
    }
    with started(command, tmp_path, environment, cwd=tmp_path) as server:
        accepted = submit_20(server, "one")
        (tmp_path / changed).write_text(files[changed].replace("VERSION", "the other"))
        accepted += submit_20(server, "the other")
    assert Counter(task_ids(read_all(kafka.bootstrap_servers, topic_name))) == Counter(accepted)


def submit_20(server: Server, version: str) -> list[str]:
    """Once the application has this version."""
    with httpx.Client(base_url=server.address, timeout=30, trust_env=False) as client:

        def seen() -> bool:
            try:
                return client.get("/version").text == version
            except httpx.HTTPError:
                return False

        wait_until(seen, timeout=60, describe=f"version {version!r}; see {server.log}")
        answers = [client.post("/emails", json={}) for _ in range(20)]
    assert {answer.status_code for answer in answers} == {202}
    return [answer.json()["task_id"] for answer in answers]

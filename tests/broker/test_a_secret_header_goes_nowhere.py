"""A secret that a client sends, in each known spelling of each header for credentials, is found nowhere: in no topic,
log, metric or trace, whatever the framework, and though the task is retried and ends as a dead letter (I10)."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import httpx
import pytest

from stillframe.schemas import Record
from tests.credentials import CANARY, sent_in_every_spelling
from tests.engine.looking import read_all
from tests.engine.process import worker_process
from tests.engine.topics import create_family
from tests.kafka import Kafka
from tests.kafka.ports import free_ports
from tests.waiting import wait_until
from tests.web.servers import running
from tests.web.worker import teller

#: The value of a header that may be known: where it is found, the canary would be.
OPEN = "OPEN4711"
#: gunicorn takes at most 100 headers of a request.
AT_A_TIME = 60
PAGES = ("metrics", "explain", "readyz")
SECRETS = sent_in_every_spelling()
REQUESTS = [SECRETS[start : start + AT_A_TIME] for start in range(0, len(SECRETS), AT_A_TIME)]


@pytest.mark.parametrize("name", ["gunicorn", "gunicorn gthread", "uvicorn", "uvicorn, django"])
def test_a_secret_header_goes_nowhere(kafka: Kafka, topic_name: str, tmp_path: Path, name: str) -> None:
    worker = teller(topic_name)
    (family,) = worker.families()
    create_family(kafka, worker)
    (port,) = free_ports(1)
    environment = {
        "STILLFRAME_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "STILLFRAME_HEALTH_PORT": str(port),
        "STILLFRAME_LOG_LEVEL": "debug",
        "STILLFRAME_MEMORY_WAIT": "0",
        "TOPIC": topic_name,
        "WATCHED": str(tmp_path),
    }
    app, journal = "tests.web.worker:worker", tmp_path / "journal"
    with (
        running(name, tmp_path, **environment) as server,
        worker_process(kafka.bootstrap_servers, topic_name, journal, app=app, **environment) as process,
    ):
        answers = [posted(f"{server.address}/emails", headers) for headers in REQUESTS]
        wait_until(
            lambda: len(read_all(kafka.bootstrap_servers, family.dead_letter_topic)) == len(REQUESTS),
            timeout=60,
            describe=f"all to be given up; {process.log}",
        )
        pages = {page: httpx.get(f"http://127.0.0.1:{port}/{page}", trust_env=False).text for page in PAGES}
        assert process.terminate() == 0
    topics = {topic: told_by(read_all(kafka.bootstrap_servers, topic)) for topic in family.names}
    logs = {"server": server.log.read_text(), "worker": process.log.read_text()}
    traces = {"traces": (tmp_path / "traces").read_text()}

    assert_found_in([], CANARY, topics | logs | traces | pages | {"answers": "".join(answers)})
    # What may be known is found in all these places: they were looked for where they are.
    holding = [topic for topic, text in topics.items() if text]
    assert len(holding) == 3
    assert_found_in([*holding, "worker"], OPEN, topics | logs)
    assert_found_in(["traces", "metrics", "explain", "worker"], topic_name, traces | pages | logs)
    for answer in answers:
        assert json.loads(answer)["task_id"] in traces["traces"]


def posted(url: str, headers: Sequence[tuple[str, str]]) -> str:
    """The answer's text, of 202."""
    answer = httpx.post(url, headers=[*headers, ("User-Agent", OPEN)], json={}, trust_env=False)
    assert answer.status_code == 202, answer.text
    return answer.text


def told_by(records: Iterable[Record]) -> str:
    return "\n".join(repr((record.key, record.value, record.headers)) for record in records)


def assert_found_in(expected: list[str], value: str, places: dict[str, str]) -> None:
    found = [place for place, text in places.items() if value.casefold() in text.casefold()]
    assert sorted(found) == sorted(expected), {place: places[place] for place in {*found} ^ {*expected}}

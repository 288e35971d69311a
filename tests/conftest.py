"""What every test may ask for: a real Kafka, a topic of its own; and what a test run says at its end."""

from collections.abc import Generator, Iterator
from contextlib import ExitStack
from functools import partial

import pytest

from tests import layers
from tests.kafka import Cluster, CreateTopic, Kafka, NoKafka, or_skip, private_cluster, shared_kafka, topics

BROKER_FIXTURES = {"kafka", "own_kafka"}
KAFKA = pytest.StashKey[str]()
KAFKA_PROPERTY = "kafka"


@pytest.fixture(scope="session")
def kafka(pytestconfig: pytest.Config) -> Iterator[Kafka]:
    """The one broker that all tests of a run share."""
    with ExitStack() as stack:
        running = or_skip(lambda: stack.enter_context(shared_kafka()))
        pytestconfig.stash[KAFKA] = f"{running.version} ({running.source})"
        yield running


@pytest.fixture
def own_kafka(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Iterator[Cluster]:
    """A broker for this test alone, which it may `kill()` and `restart()`.

    For three of them: `@pytest.mark.parametrize("own_kafka", [3], indirect=True)`; a mapping in the place of the
    number adds to the server.properties of a single one.
    """
    asked = getattr(request, "param", 1)
    nodes, properties = (asked, None) if isinstance(asked, int) else (1, asked)
    with ExitStack() as stack:
        running = or_skip(lambda: stack.enter_context(private_cluster(nodes, properties)))
        pytestconfig.stash.setdefault(KAFKA, f"{running.version} ({running.source})")
        yield running


@pytest.fixture
def topic_name(request: pytest.FixtureRequest) -> str:
    """A name for a topic, unique and readable: it comes from the test's own."""
    return topics.unique_name(request.node.name)


@pytest.fixture
def create_topic(kafka: Kafka) -> CreateTopic:
    """Create topics on the shared broker: `create_topic(topic_name, partitions=4, config={...})`."""
    return partial(topics.create_topic, kafka.bootstrap_servers)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark whatever asks for a broker, so that `-m "not broker"` runs everything that needs none; and the
    property layer, which draws other examples at each run: `make soak-tests` repeats what is marked.

    In parallel, those that compute are dealt out evenly among those that wait.
    """
    for item in items:
        if BROKER_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.broker)
        if layers.layer_of(item.nodeid) == "property":
            item.add_marker(pytest.mark.property)
    if hasattr(config, "workerinput"):
        items[:] = layers.dealt(items, lambda item: layers.layer_of(item.nodeid) in layers.COMPUTING)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say on which broker a test ran, and let all that found none skip in one place, for pytest to fold them."""
    report = yield
    if KAFKA in item.config.stash:  # on the report, which a parallel run brings home from its processes
        report.user_properties.append((KAFKA_PROPERTY, item.config.stash[KAFKA]))
    if call.excinfo and isinstance(call.excinfo.value.__context__, NoKafka):
        report.longrepr = ("tests/broker", 0, str(call.excinfo.value))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the line by which a reader knows what a green run has proved."""
    stats = terminalreporter.stats
    ran = [report for end in ("passed", "failed", "error", "xfailed") for report in stats.get(end, [])]
    skipped = [report.nodeid for report in stats.get("skipped", [])]
    brokers = [
        value for report in ran for name, value in getattr(report, "user_properties", ()) if name == KAFKA_PROPERTY
    ]
    described = layers.describe([report.nodeid for report in ran], skipped, next(iter(brokers), None))
    terminalreporter.write_line(described)

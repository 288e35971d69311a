"""Settings: where they come from, what is refused, and errors that name the cure and never a value."""

import os
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer as KafkaProducer
from confluent_kafka.admin import AdminClient

from stillframe.producer.durability import Durability
from stillframe.producer.properties import producer_properties
from stillframe.producer.settings import (
    ConnectionSettings,
    ProducerSettings,
    build,
    check_transport,
    unknown_file_keys,
    unknown_variables,
)
from stillframe.schemas import SettingsError


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of ours, and a working directory without a settings file."""
    for name in os.environ:
        if name.upper().startswith("STILLFRAME_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_the_defaults() -> None:
    """What a producer does when nobody says anything."""
    settings = ProducerSettings()
    assert settings.bootstrap_servers == "localhost:9092"
    assert settings.durability is Durability.SYNC
    assert (settings.queue_size, settings.queue_timeout) == (1_000, 1.0)
    assert (settings.delivery_timeout, settings.close_timeout) == (30.0, 10.0)
    assert settings.max_task_bytes == 1_048_576
    assert settings.service == "stillframe"


def test_code_over_variable_over_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each value comes from the first place that has it."""
    Path("stillframe.toml").write_text('queue_size = 1\nservice = "file"\nbootstrap_servers = "file:1"')
    assert ProducerSettings().queue_size == 1
    monkeypatch.setenv("STILLFRAME_SERVICE", "variable")
    monkeypatch.setenv("STILLFRAME_BOOTSTRAP_SERVERS", "variable:1")
    settings = ProducerSettings(bootstrap_servers="code:1")
    assert (settings.bootstrap_servers, settings.service, settings.queue_size) == ("code:1", "variable", 1)


def test_properties_are_merged_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """librdkafka's properties come from all three places; dotted names need no quotes in the file."""
    Path("stillframe.toml").write_text('[kafka]\nlinger.ms = 7\nsasl.username = "file"\n"log_level" = 3')
    monkeypatch.setenv("STILLFRAME_KAFKA", '{"sasl.username": "variable", "socket.keepalive.enable": true}')
    settings = ProducerSettings(kafka={"log_level": 0})
    assert settings.kafka == {
        "linger.ms": 7,
        "sasl.username": "variable",
        "socket.keepalive.enable": True,
        "log_level": 0,
    }


def test_the_file_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """STILLFRAME_CONFIG_FILE takes the place of ./stillframe.toml; then it must be there."""
    Path("stillframe.toml").write_text("queue_size = 1")
    named = tmp_path / "other.toml"
    named.write_text("queue_size = 2")
    monkeypatch.setenv("STILLFRAME_CONFIG_FILE", str(named))
    assert ProducerSettings().queue_size == 2
    named.unlink()
    with pytest.raises(SettingsError, match=r"STILLFRAME_CONFIG_FILE names .*other.toml.*No such file"):
        ProducerSettings()


@pytest.mark.parametrize("content", [b"queue_size", b"a = \xff"])
def test_a_file_that_is_not_toml_is_refused(content: bytes) -> None:
    """The error names the file."""
    Path("stillframe.toml").write_bytes(content)
    with pytest.raises(SettingsError, match=r"'stillframe\.toml' is not TOML"):
        ProducerSettings()


def test_durability_is_written_as_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """In variables and files: sync, semi_sync or async."""
    monkeypatch.setenv("STILLFRAME_DURABILITY", "semi_sync")
    assert ProducerSettings().durability is Durability.SEMI_SYNC


def test_an_unknown_setting_is_refused_with_the_nearest() -> None:
    """As a keyword argument; a name like none lists those there are."""
    with pytest.raises(SettingsError, match=r"queue_sise is no setting; did you mean queue_size\?"):
        ProducerSettings(queue_sise=5)  # type: ignore[call-arg]
    with pytest.raises(SettingsError, match="zzz is no setting; there are bootstrap_servers, require_tls"):
        ProducerSettings(zzz=5)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("queue_size", "many", "queue_size: Input should be a valid integer.*type str and length 4"),
        ("queue_size", 0, "queue_size: .*greater than or equal to 1.*of type int"),
        ("delivery_timeout", float("nan"), "delivery_timeout: .*finite.*of type float"),
        ("delivery_timeout", 0, "delivery_timeout: .*greater than or equal to 0.1"),
        ("queue_timeout", -1, "queue_timeout"),
        ("close_timeout", 1e9, "close_timeout"),
        ("durability", "sometimes", "durability: .*'sync', 'semi_sync' or 'async'"),
        ("kafka", {"linger.ms": [1]}, r"kafka\['linger.ms'\]"),
        ("kafka", "linger.ms=5", "kafka: .*valid dictionary"),
        ("service", "", "service: .*at least 1 character"),
        ("max_task_bytes", 10**10, "max_task_bytes"),
    ],
)
def test_a_value_out_of_range_is_refused(name: str, value: Any, fault: str) -> None:
    """The line names the setting, what it should be, the shape of what it is, and where to set it."""
    with pytest.raises(SettingsError, match=f"ProducerSettings: {fault}") as error:
        ProducerSettings(**{name: value})
    assert f"STILLFRAME_{name.upper()}" in str(error.value)
    assert error.value.__cause__ is None


def test_faults_are_one_line_each_without_values() -> None:
    """Two faults, two lines; what was given is not shown."""
    with pytest.raises(SettingsError) as error:
        ProducerSettings(queue_size="hunter2", kafka={"sasl.password": ["hunter2"]})
    lines = str(error.value).splitlines()
    assert [line.removeprefix("ProducerSettings: ").split(":")[0] for line in lines] == [
        "kafka['sasl.password']",
        "queue_size",
    ]
    assert "should be text, a number, true or false, but it is of type list and length 1" in lines[0]
    assert "hunter2" not in str(error.value)


def test_a_table_in_a_variable_is_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """Anything else is refused, and not shown."""
    monkeypatch.setenv("STILLFRAME_KAFKA", "sasl.password=hunter2")
    with pytest.raises(SettingsError, match="kafka is written as a JSON object") as error:
        ProducerSettings()
    assert "hunter2" not in str(error.value)


def test_settings_do_not_change() -> None:
    """They are frozen: a client is built from them later."""
    with pytest.raises(ValueError, match="frozen"):
        ProducerSettings().queue_size = 5  # type: ignore[misc]


@pytest.mark.parametrize(
    "name",
    ["sasl.password", "ssl.key.pem", "ssl.keystore.password", "sasl.oauthbearer.client.secret", "a.TOKEN"],
)
def test_secrets_are_masked(name: str) -> None:
    """Neither repr nor str shows the value of a property whose name says that it is secret."""
    settings = ProducerSettings(kafka={name: "hunter2", "sasl.username": "ada"})
    for text in (repr(settings), str(settings), f"{settings}"):
        assert "hunter2" not in text
        assert "***" in text
        assert "ada" in text


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("acks", "durability="),
        ("request.required.acks", "durability="),
        ("enable.idempotence", "durability="),
        ("bootstrap.servers", "bootstrap_servers"),
        ("metadata.broker.list", "bootstrap_servers"),
        ("delivery.timeout.ms", "delivery_timeout"),
        ("message.timeout.ms", "delivery_timeout"),
        ("message.max.bytes", "max_task_bytes"),
        ("queue.buffering.max.messages", "queue_size"),
        ("allow.auto.create.topics", "stillframe topics apply"),
        ("transactional.id", "at least once"),
        ("partitioner", "Java"),
        ("max.in.flight", "order"),
        ("delivery.report.only.error", "its report"),
    ],
)
def test_properties_that_promises_stand_on_are_refused(name: str, cure: str) -> None:
    """By name, aliases included, with what to use instead."""
    settings = ProducerSettings(kafka={name: "1"})
    with pytest.raises(SettingsError, match=f"kafka\\['{name}'\\] is refused: .*{cure}"):
        producer_properties(settings, Durability.SYNC)


def test_every_property_of_ours_is_refused_or_a_default() -> None:
    """Nothing that we set can be passed through in vain."""
    for durability in (Durability.SYNC, Durability.SEMI_SYNC):
        ours = producer_properties(ProducerSettings(), durability)
        for name in ours:
            settings = ProducerSettings(kafka={name: "77"})
            try:
                assert producer_properties(settings, durability)[name] == "77"
            except SettingsError as error:
                assert name in str(error)  # noqa: PT017


def test_what_librdkafka_is_told() -> None:
    """Timeouts and sizes are made to fit: its own report comes first, and headers have room."""
    settings = ProducerSettings(delivery_timeout=10, max_task_bytes=1_000_000, service="web")
    properties = producer_properties(settings, Durability.ASYNC)
    assert properties["message.timeout.ms"] == 9_000
    assert properties["message.max.bytes"] == 1_065_536
    assert properties["queue.buffering.max.messages"] > settings.queue_size
    assert (properties["acks"], properties["enable.idempotence"]) == ("all", True)
    assert properties["partitioner"] == "murmur2_random"
    assert properties["client.id"] == "web"
    semi = producer_properties(settings, Durability.SEMI_SYNC)
    assert (semi["acks"], semi["enable.idempotence"]) == (1, False)


@pytest.mark.parametrize("durability", list(Durability))
@pytest.mark.parametrize("extreme", [{"max_task_bytes": 1}, {"max_task_bytes": 900_000_000}, {"queue_size": 10**6}])
def test_librdkafka_takes_every_legal_setting(durability: Durability, extreme: dict[str, Any]) -> None:
    """The ends of our ranges are within its own."""
    settings = ProducerSettings(bootstrap_servers="127.0.0.1:1", delivery_timeout=86_400, **extreme)
    build(KafkaProducer, {"log_level": 0, **producer_properties(settings, durability)})


@pytest.mark.parametrize(
    ("property_", "reason"),
    [
        ({"nope.ms": 1}, 'No such configuration property: "nope.ms"'),
        ({"linger.ms": "soon"}, "queue.buffering.max.ms"),
        ({"sasl.mechanism": "hunter2", "sasl.password": "hunter2", "security.protocol": "SASL_SSL"}, "SASL"),
        ({"error_cb": "print"}, "error_cb|callable"),
    ],
)
def test_what_librdkafka_refuses_is_a_settings_error(property_: dict[str, Any], reason: str) -> None:
    """When the client is built: its reason, without a secret value, and where to correct it."""
    with pytest.raises(SettingsError, match=reason) as error:
        build(AdminClient, {"bootstrap.servers": "127.0.0.1:1", "log_level": 0, **property_})
    assert "STILLFRAME_KAFKA" in str(error.value)
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    "servers",
    ["localhost", "LOCALHOST:9092", "127.0.0.1:1,127.9.9.9:2", "[::1]:9092", "PLAINTEXT://localhost:9092"],
)
def test_loopback_needs_no_tls(servers: str) -> None:
    """What does not leave the machine is no matter."""
    assert check_transport(ConnectionSettings(bootstrap_servers=servers, require_tls=True)) is None


@pytest.mark.parametrize(
    "servers", ["kafka:9092", "localhost:1, 10.0.0.1:9092", "localhost.evil.example:1", "[fe80::1]:1"]
)
@pytest.mark.parametrize("protocol", [None, "PLAINTEXT", "SASL_PLAINTEXT"])
def test_tasks_in_the_clear_are_warned_about(servers: str, protocol: str | None) -> None:
    """Naming the exposed broker and the cure; with require_tls it is an error."""
    kafka: dict[str, Any] = {} if protocol is None else {"security.protocol": protocol}
    warning = check_transport(ConnectionSettings(bootstrap_servers=servers, kafka=kafka))
    assert warning is not None
    assert servers.rsplit(",", maxsplit=1)[-1].strip() in warning
    assert "SASL_SSL" in warning
    with pytest.raises(SettingsError, match="require_tls refuses it"):
        check_transport(ConnectionSettings(bootstrap_servers=servers, kafka=kafka, require_tls=True))


@pytest.mark.parametrize("protocol", ["SSL", "sasl_ssl"])
def test_tls_is_fine(protocol: str) -> None:
    """In either spelling, since librdkafka takes both."""
    settings = ConnectionSettings(
        bootstrap_servers="kafka:1", require_tls=True, kafka={"security.protocol": protocol}
    )
    assert check_transport(settings) is None


def test_unknown_names_are_found_with_the_nearest() -> None:
    """Among variables and in the file: what no imported settings class reads."""
    environ = {
        "STILLFRAME_QUEUE_SIZE": "5",
        "stillframe_service": "web",
        "STILLFRAME_CONFIG_FILE": "settings.toml",
        "STILLFRAME_QUEUE_SISE": "5",
        "STILLFRAME_ZZZZZZZZZ": "5",
        "PATH": "/bin",
    }
    assert unknown_variables(environ) == {
        "STILLFRAME_QUEUE_SISE": "STILLFRAME_QUEUE_SIZE",
        "STILLFRAME_ZZZZZZZZZ": None,
    }
    Path("settings.toml").write_text("queue_size = 1\nqueue_sise = 1\n[kafka]\nanything = 1")
    assert unknown_file_keys(environ) == {"queue_sise": "queue_size"}


def test_settings_of_other_parts_share_the_file() -> None:
    """A key of another settings class is not an error here."""
    Path("stillframe.toml").write_text("some_worker_setting = 5\nqueue_size = 3")
    assert ProducerSettings().queue_size == 3

"""The client, against a Kafka that fails on command: one report for each record, whatever happens."""

import gc
import threading
import weakref
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from confluent_kafka import KafkaError

from stillframe.producer import Durability, ProducerClosed, SubmitFailed, SubmitRejected, SubmitUnknown
from stillframe.producer.client import Client, Report
from tests.faulty_kafka import INIT_PRODUCER_ID, METADATA, PRODUCE, FaultyKafka
from tests.producing import Reports, open_client, settings_for
from tests.timing import takes
from tests.waiting import wait_until


@pytest.fixture
def kafka() -> Iterator[FaultyKafka]:
    with FaultyKafka() as running:
        running.create_topic("emails")
        yield running


def test_a_record_is_acknowledged_with_its_position(kafka: FaultyKafka) -> None:
    """The report names topic, partition and offset, and comes on the client's own, named thread."""
    threads: list[str] = []
    reports = Reports()
    with open_client(settings_for(kafka.bootstrap_servers)) as client:
        for _ in range(3):
            reports.send(client)
        reports.await_(3)
        client.send(
            "emails",
            None,
            None,
            timeout=1,
            on_report=lambda _: threads.append(threading.current_thread().name),
        )
    assert reports == [Report("emails", 0, offset) for offset in range(3)]
    assert threads == ["stillframe-reports-replicas"]


def test_nothing_happens_before_the_first_record() -> None:
    """A client that was only made has no thread and no connection, and closing it is immediate."""
    before = threading.active_count()
    client = Client(settings_for("127.0.0.1:1"))
    assert threading.active_count() == before
    assert client.healthy
    assert client.flush(10) == client.close(10) == 0


@pytest.mark.parametrize(
    ("code", "cure"),
    [
        (KafkaError.MSG_SIZE_TOO_LARGE, "max.message.bytes"),
        (KafkaError.POLICY_VIOLATION, "policy"),
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, "Write and Describe"),
        (KafkaError.INVALID_RECORD, "compacted"),
        (KafkaError.THROTTLING_QUOTA_EXCEEDED, "quota"),
    ],
)
def test_what_the_broker_refuses_has_failed(kafka: FaultyKafka, code: int, cure: str) -> None:
    """A refusal is reported at once, with its cure, and is no obstacle to the next record."""
    reports = Reports()
    with open_client(settings_for(kafka.bootstrap_servers)) as client:
        reports.send(client)
        reports.await_(1)
        kafka.fail(PRODUCE, code)
        reports.send(client)
        error = reports.await_(2)[1].error
        assert isinstance(error, SubmitFailed)
        assert cure in str(error)
        if code != KafkaError.TOPIC_AUTHORIZATION_FAILED:  # which librdkafka remembers for a while
            reports.send(client)
            assert reports.await_(3)[2].error is None


@pytest.mark.parametrize(
    "code",
    [
        KafkaError.NOT_ENOUGH_REPLICAS,
        KafkaError.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
        KafkaError.REQUEST_TIMED_OUT,
        KafkaError.KAFKA_STORAGE_ERROR,
        KafkaError.UNKNOWN_PRODUCER_ID,
        KafkaError._TRANSPORT,
    ],
)
def test_what_may_pass_is_tried_again(kafka: FaultyKafka, code: int) -> None:
    """A passing fault is librdkafka's to retry: the record arrives, once.

    One at a time: the mock broker does not check sequence numbers, and takes a later record for proof
    of an earlier one.
    """
    reports = Reports()
    with open_client(settings_for(kafka.bootstrap_servers)) as client:
        reports.send(client)
        reports.await_(1)
        kafka.fail(PRODUCE, code, code)
        reports.send(client)
        reports.await_(2)
        reports.send(client)
        assert reports.await_(3) == [Report("emails", 0, offset) for offset in range(3)]


def test_an_error_that_does_not_tell_is_unknown(kafka: FaultyKafka) -> None:
    """What is not known to be a refusal might be in the log: nobody is told that it is not."""
    reports = Reports()
    with open_client(settings_for(kafka.bootstrap_servers)) as client:
        reports.send(client)
        reports.await_(1)
        kafka.fail(PRODUCE, KafkaError.UNKNOWN)
        reports.send(client)
        assert isinstance(reports.await_(2)[1].error, SubmitUnknown)


@pytest.mark.parametrize("trouble", ["down", "slow"])
def test_without_an_answer_the_outcome_is_unknown_in_time(kafka: FaultyKafka, trouble: str) -> None:
    """A broker that is gone, or does not answer, ends each record as unknown within delivery_timeout."""
    reports = Reports()
    with open_client(settings_for(kafka.bootstrap_servers, delivery_timeout=1.0)) as client:
        reports.send(client)
        reports.await_(1)
        kafka.go_down() if trouble == "down" else kafka.slow_down(milliseconds=30_000)
        with takes(1.0):
            reports.send(client)
            error = reports.await_(2)[1].error
        assert isinstance(error, SubmitUnknown)
        assert "may still be there" in str(error)


def test_a_wrong_address_is_named(caplog: pytest.LogCaptureFixture) -> None:
    """If nobody answers at bootstrap_servers, the error of each record says so."""
    reports = Reports()
    with open_client(settings_for("127.0.0.1:1", delivery_timeout=0.5)) as client:
        reports.send(client)
        assert "127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed" in str(reports.await_(1)[0].error)


def test_trouble_that_is_over_is_not_blamed(kafka: FaultyKafka) -> None:
    """A timeout names the latest trouble with the connection only if nothing was acknowledged since."""
    reports = Reports()
    with open_client(settings_for(kafka.bootstrap_servers, delivery_timeout=3)) as client:
        reports.send(client)
        reports.await_(1)
        kafka.go_down()
        reports.send(client)
        assert "last trouble: " in str(reports.await_(2)[1].error)
        kafka.come_up()
        wait_until(partial(acknowledged, client), timeout=20, describe="the broker to be found again")
        kafka.slow_down(milliseconds=30_000)
        reports.send(client)
        assert "trouble" not in str(reports.await_(3)[2].error)


def acknowledged(client: Client) -> bool:
    reports = Reports()
    reports.send(client)
    return reports.await_(1)[0].error is None


def test_a_missing_topic_is_refused_soon(kafka: FaultyKafka) -> None:
    """No topic is created by submitting to it: the record fails in seconds, later ones at once."""
    reports = Reports()
    with open_client(settings_for(kafka.bootstrap_servers, delivery_timeout=30)) as client:
        reports.send(client, topic="nowhere")
        error = reports.await_(1, timeout=6)[0].error
        assert isinstance(error, SubmitFailed)
        assert "stillframe topics apply" in str(error)
        with pytest.raises(SubmitFailed, match=r"'nowhere' did not take it.*stillframe topics apply"):
            reports.send(client, topic="nowhere")
        assert len(reports) == 1


def test_a_record_beyond_max_task_bytes_is_refused_at_once(kafka: FaultyKafka) -> None:
    """What librdkafka does not take raises, is not reported, and leaves its place in the queue free."""
    reports = Reports()
    with open_client(settings_for(kafka.bootstrap_servers, max_task_bytes=1_000, queue_size=1)) as client:
        for _ in range(3):
            with pytest.raises(SubmitFailed, match="max_task_bytes"):
                reports.send(client, value=b"x" * 100_000)
        reports.send(client)
        assert reports.await_(1) == [Report("emails", 0, 0)]


def test_a_mistake_in_the_call_leaves_nothing_behind(kafka: FaultyKafka) -> None:
    """A header of the wrong type raises, is not reported, and nothing waits for it."""
    wrong: Any = (("a", 5),)
    reports = Reports()
    with open_client(settings_for(kafka.bootstrap_servers, queue_size=1)) as client:
        for _ in range(3):
            with pytest.raises(TypeError):
                client.send("emails", None, b"{}", wrong, timeout=0, on_report=reports.append)
        assert client.flush(0) == 0
        reports.send(client)
        assert len(reports.await_(1)) == 1


def test_a_full_queue_rejects_at_its_deadline(kafka: FaultyKafka) -> None:
    """With every place taken a caller waits as long as it said, no longer, and is then rejected."""
    reports = Reports()
    with open_client(settings_for(kafka.bootstrap_servers, queue_size=2, delivery_timeout=4.0)) as client:
        reports.send(client)
        reports.await_(1)
        kafka.slow_down(milliseconds=30_000)
        reports.send(client)
        reports.send(client)
        full = pytest.raises(SubmitRejected, match=r"queue of 2 tasks stayed full for 0.3 s")
        with takes(0.3, at_least=0.3), full:
            reports.send(client, timeout=0.3)
        reports.await_(3)  # unknown by now, and their places free
        kafka.slow_down(milliseconds=0)
        reports.send(client, timeout=0.3)


def test_librdkafkas_own_queue_may_be_full_too(kafka: FaultyKafka) -> None:
    """A byte limit of librdkafka's that was passed through rejects as well."""
    reports = Reports()
    settings = settings_for(kafka.bootstrap_servers, kafka={"queue.buffering.max.kbytes": 1}, delivery_timeout=1)
    with open_client(settings) as client:
        kafka.go_down()
        reports.send(client, value=b"x" * 900)
        with pytest.raises(SubmitRejected, match=r"queue.buffering.max.kbytes"):
            reports.send(client, value=b"x" * 900)
        reports.await_(1)


def test_a_callback_that_raises_stops_nobody(kafka: FaultyKafka, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged by type and place, without the text, and reports go on, SystemExit included."""
    reports = Reports()

    def fail(report: Report) -> None:
        raise (ValueError if report.offset == 0 else SystemExit)("a secret payload")

    with open_client(settings_for(kafka.bootstrap_servers)) as client:
        for _ in range(2):
            client.send("emails", None, b"{}", timeout=1, on_report=fail)
        reports.send(client)
        reports.await_(1)
    assert [record.getMessage().partition(" at ")[0] for record in caplog.records] == [
        "a callback for delivery reports raised ValueError",
        "a callback for delivery reports raised SystemExit",
    ]
    assert f"{__file__}:" in caplog.text
    assert "secret" not in caplog.text


def test_a_callback_may_send_but_not_wait(kafka: FaultyKafka) -> None:
    """From within a report there is no waiting for a place: only this thread could free one."""
    rejected = threading.Event()
    reports = Reports()

    with open_client(settings_for(kafka.bootstrap_servers, queue_size=1)) as client:

        def chain(report: Report) -> None:
            reports.append(report)
            reports.send(client, timeout=60)
            try:
                reports.send(client, timeout=60)
            except SubmitRejected:
                rejected.set()

        client.send("emails", None, b"{}", timeout=1, on_report=chain)
        assert rejected.wait(10)
        reports.await_(2)


@pytest.mark.parametrize("request_type", [PRODUCE, INIT_PRODUCER_ID])
def test_a_fatal_error_rebuilds_the_client(kafka: FaultyKafka, request_type: int) -> None:
    """What was under way is unknown, each record reported once; the client is healthy again and sends."""
    reports = Reports()
    fatal = {
        PRODUCE: KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER,
        INIT_PRODUCER_ID: KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    }[request_type]
    with open_client(settings_for(kafka.bootstrap_servers)) as client:
        if request_type == PRODUCE:
            reports.send(client)
            reports.await_(1)
        acknowledged = len(reports)
        kafka.fail(request_type, fatal)
        for _ in range(5):
            reports.send(client)
        reports.await_(acknowledged + 5)
        unknown = [report for report in reports if report.error]
        assert all(isinstance(report.error, SubmitUnknown) for report in unknown)
        assert unknown
        wait_until(lambda: client.healthy, timeout=5, describe="the client to be rebuilt")
        before = len(reports)
        reports.send(client)
        assert reports.await_(before + 1)[-1].error is None
    assert len(reports) == before + 1


def test_a_fatal_error_under_load_reports_each_record_once(kafka: FaultyKafka) -> None:
    """Nobody who sends while the client breaks is turned away, and each gets exactly one report."""
    counts: Counter[int] = Counter()
    stop = threading.Event()

    def send_all(first: int) -> None:
        for number in range(first, 1_000_000, 4):
            if stop.is_set():
                return
            client.send("emails", None, b"{}", timeout=5, on_report=partial(count, number))
            sent.add(number)

    def count(number: int, report: Report) -> None:
        counts[number] += 1
        if report.error:
            unknown.add(number)

    sent: set[int] = set()
    unknown: set[int] = set()
    with open_client(settings_for(kafka.bootstrap_servers, queue_size=50)) as client:
        threads = [threading.Thread(target=send_all, args=(first,)) for first in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(3):
            reached = len(counts) + 500
            wait_until(lambda: len(counts) > reached, timeout=15, describe="the load to run")  # noqa: B023
            kafka.fail(PRODUCE, KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER)
        stop.set()
        for thread in threads:
            thread.join(15)
        client.close(10)
    assert set(counts) == sent
    assert set(counts.values()) == {1}
    assert unknown


def test_flush_waits_for_what_was_sent_before(kafka: FaultyKafka) -> None:
    """It returns 0 once those are reported, and else, at its deadline, how many are not."""
    reports = Reports()
    with open_client(settings_for(kafka.bootstrap_servers)) as client:
        reports.send(client)
        assert client.flush(5) == 0
        assert len(reports) == 1
        kafka.slow_down(milliseconds=1_500)
        for _ in range(3):
            reports.send(client)
        with takes(0.2, at_least=0.2):
            assert client.flush(0.2) == 3
        assert client.flush(5) == 0
        assert len(reports) == 4


def test_flush_in_a_callback_does_not_wait(kafka: FaultyKafka) -> None:
    """On the thread that delivers reports it tells at once what is missing, rather than wait for itself."""
    left: list[int] = []
    with open_client(settings_for(kafka.bootstrap_servers)) as client:
        client.send("emails", None, b"{}", timeout=1, on_report=lambda _: left.append(client.flush(60)))
        wait_until(lambda: left, describe="the report")


def test_close_waits_and_then_gives_up(kafka: FaultyKafka, caplog: pytest.LogCaptureFixture) -> None:
    """Records without a report at its deadline are reported unknown, each once, and counted in the log."""
    reports = Reports()
    with open_client(settings_for(kafka.bootstrap_servers)) as client:
        reports.send(client)
        reports.await_(1)
        kafka.slow_down(milliseconds=30_000)
        for _ in range(3):
            reports.send(client)
        with takes(0.6, at_least=0.5):
            assert client.close(0.5) == 0
        assert [type(report.error) for report in reports] == [type(None)] + [SubmitUnknown] * 3
        assert "3 records are of unknown outcome" in caplog.text
        with pytest.raises(ProducerClosed, match="make another"):
            reports.send(client)
        assert client.flush(1) == client.close(1) == 0
    assert len(reports) == 4


def test_close_in_a_callback_does_not_wait_for_itself(kafka: FaultyKafka) -> None:
    """Closing from within a report only asks for the end."""
    closed = threading.Event()
    client = Client(settings_for(kafka.bootstrap_servers))

    def close(_: Report) -> None:
        client.close(60)
        closed.set()

    client.send("emails", None, b"{}", timeout=1, on_report=close)
    assert closed.wait(10)
    client.close(5)


def test_close_turns_those_away_who_wait_for_a_place(kafka: FaultyKafka) -> None:
    """A caller that waits in a full queue learns at once that there will be no place."""
    reports = Reports()
    ended: list[type[BaseException]] = []
    with open_client(settings_for(kafka.bootstrap_servers, queue_size=1)) as client:
        reports.send(client)
        reports.await_(1)
        kafka.slow_down(milliseconds=30_000)
        reports.send(client)
        waiting = threading.Event()

        def wait_for_place() -> None:
            waiting.set()
            with pytest.raises(ProducerClosed) as error:
                reports.send(client, timeout=60)
            ended.append(error.type)

        thread = threading.Thread(target=wait_for_place)
        thread.start()
        waiting.wait(5)
        client.close(0.2)
        thread.join(5)
    assert ended == [ProducerClosed]


def test_a_closed_client_is_let_go(kafka: FaultyKafka) -> None:
    """After closing, no thread and no registry keeps it in memory."""
    client = Client(settings_for(kafka.bootstrap_servers))
    Reports().send(client)
    client.close(5)
    gone = weakref.ref(client)
    del client
    gc.collect()
    assert gone() is None


def test_an_unclosed_client_lives_until_its_reports_are_in(kafka: FaultyKafka) -> None:
    """Dropping the last reference loses nothing: the thread goes on."""
    reports = Reports()
    client = Client(settings_for(kafka.bootstrap_servers))
    for _ in range(10):
        reports.send(client)
    alive = weakref.ref(client)
    del client
    gc.collect()
    assert {report.error for report in reports.await_(10)} == {None}
    survivor = alive()
    assert survivor is not None
    survivor.close(5)


def test_semi_sync_asks_the_leader_alone(kafka: FaultyKafka) -> None:
    """Its client needs no producer id, which only idempotence does."""
    kafka.fail(INIT_PRODUCER_ID, *[KafkaError.CLUSTER_AUTHORIZATION_FAILED] * 5)
    reports = Reports()
    client = Client(settings_for(kafka.bootstrap_servers), Durability.SEMI_SYNC)
    reports.send(client)
    assert reports.await_(1)[0].error is None
    client.close(2)


def test_no_access_to_metadata_is_unknown_in_time(kafka: FaultyKafka) -> None:
    """A topic that cannot even be asked for ends in time as well."""
    kafka.fail(METADATA, *[KafkaError.TOPIC_AUTHORIZATION_FAILED] * 100)
    reports = Reports()
    with open_client(settings_for(kafka.bootstrap_servers, delivery_timeout=1.0)) as client:
        reports.send(client)
        assert reports.await_(1, timeout=3)[0].error is not None

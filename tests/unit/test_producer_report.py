"""What each error of Kafka means for a task: refused for certain, or unknown."""

import pytest
from confluent_kafka import KafkaError, KafkaException, Message

from stillframe.producer import SubmitFailed, SubmitRejected, SubmitUnknown
from stillframe.producer.report import REFUSALS, Report, delivered, refused_at_once, unsuccessful


@pytest.mark.parametrize("code", REFUSALS)
def test_refusals_have_a_cure(code: int) -> None:
    """The task is not in the log, and the error says what to do."""
    error = unsuccessful("emails", KafkaError(code), None).error
    assert isinstance(error, SubmitFailed)
    assert str(error).startswith("'emails' did not take it: ")
    assert str(error).endswith(REFUSALS[code])


@pytest.mark.parametrize(
    "code",
    [
        KafkaError._MSG_TIMED_OUT,
        KafkaError._PURGE_QUEUE,
        KafkaError._PURGE_INFLIGHT,
        KafkaError._TRANSPORT,
        KafkaError.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
        KafkaError.REQUEST_TIMED_OUT,
        KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER,
        KafkaError.UNKNOWN,
        12_345,
    ],
)
def test_all_else_is_unknown(code: int) -> None:
    """An earlier attempt, or an answer that was lost, may have written it: nobody is told otherwise."""
    report = unsuccessful("emails", KafkaError(code), None)
    assert isinstance(report.error, SubmitUnknown)
    assert (report.partition, report.offset) == (-1, -1)
    assert str(report.error).endswith("it may still be there")


def test_a_fatal_refusal_is_unknown() -> None:
    """It ends the client, whose other records share the error without being its reason."""
    error = KafkaError(KafkaError.CLUSTER_AUTHORIZATION_FAILED, "no", True)
    assert isinstance(unsuccessful("emails", error, None).error, SubmitUnknown)


def test_the_latest_trouble_is_told() -> None:
    """A timeout alone does not say that the address is wrong."""
    error = unsuccessful("emails", KafkaError(KafkaError._MSG_TIMED_OUT), "connection refused").error
    assert str(error).endswith("the client's last trouble: connection refused")


def test_what_is_not_taken_is_refused_at_once() -> None:
    """A full queue is a rejection; any other reason a refusal, known to us or not."""
    assert isinstance(refused_at_once("emails", BufferError("full")), SubmitRejected)
    for code in (KafkaError.MSG_SIZE_TOO_LARGE, KafkaError._STATE):
        error = refused_at_once("emails", KafkaException(KafkaError(code, "Unable to produce message: no")))
        assert isinstance(error, SubmitFailed)
        assert "'emails' did not take it: no: " in str(error)


def test_delivered_without_an_offset_is_unknown() -> None:
    """librdkafka concludes it from a later record's acknowledgement; the broker has not said so."""
    report = delivered("emails", Message(topic="emails", partition=3))
    assert isinstance(report.error, SubmitUnknown)
    assert delivered("emails", Message(topic="emails", partition=3, offset=4)) == Report("emails", 3, 4)

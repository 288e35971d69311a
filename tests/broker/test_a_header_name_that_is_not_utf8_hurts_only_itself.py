"""A record whose header names the client cannot even read is dead-lettered, and the partition moves on (I8)."""

import ctypes
from pathlib import Path

import confluent_kafka

from tests.engine.journal import Journal
from tests.engine.looking import await_commits, read_all
from tests.engine.running import make_worker, running
from tests.engine.topics import create_family
from tests.engine.work import Work, submit, work_type
from tests.kafka import Kafka
from tests.waiting import wait_until

# rdkafka.h: the kinds of argument that rd_kafka_producev takes, and of a client.
TOPIC, VALUE, FLAGS, HEADERS, END, COPY, PRODUCER = 1, 4, 7, 10, 0, 2, 0


def test_a_header_name_that_is_not_utf8_hurts_only_itself(kafka: Kafka, topic_name: str) -> None:
    journal, task_type = Journal(), work_type(topic_name)
    worker = make_worker(
        kafka.bootstrap_servers, "g", task_type, lambda work, context: None, middleware=[journal.middleware()]
    )
    create_family(kafka, worker, partitions=1)
    # As many that can be read as bring the interpreter to its specialised calls: these do not look for
    # an error that a call has left pending.
    before = submit(kafka.bootstrap_servers, task_type, [Work(number=number, key="k") for number in range(100)])
    produce_unreadable(kafka.bootstrap_servers, topic_name)
    behind = submit(kafka.bootstrap_servers, task_type, [Work(number=100, key="k")])

    with running(worker):
        wait_until(lambda: journal.done == {*before, *behind}, timeout=30, describe="the good tasks around it")
        await_commits(kafka.bootstrap_servers, "g", topic_name, 1)

    (letter,) = read_all(kafka.bootstrap_servers, f"{topic_name}.g.dlq")
    assert letter.value == b"value"
    assert letter.header("stillframe-error-type") == b"stillframe.schemas.errors.InvalidHeaders"


def produce_unreadable(bootstrap_servers: str, topic: str) -> None:
    """Through librdkafka itself: its Python wrapper takes only header names that are text."""
    folder = Path(confluent_kafka.__file__).parents[1] / "confluent_kafka.libs"
    library = ctypes.CDLL(str(next(folder.glob("librdkafka-*"))))
    for function in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_headers_new"):
        getattr(library, function).restype = ctypes.c_void_p
    configuration = ctypes.c_void_p(library.rd_kafka_conf_new())
    library.rd_kafka_conf_set(
        configuration, b"bootstrap.servers", bootstrap_servers.encode(), None, ctypes.c_size_t(0)
    )
    producer = ctypes.c_void_p(library.rd_kafka_new(PRODUCER, configuration, None, ctypes.c_size_t(0)))
    headers = ctypes.c_void_p(library.rd_kafka_headers_new(ctypes.c_size_t(1)))
    library.rd_kafka_header_add(headers, b"\xff\xfe", ctypes.c_ssize_t(2), b"v", ctypes.c_ssize_t(1))
    value = (ctypes.c_int(VALUE), ctypes.c_char_p(b"value"), ctypes.c_size_t(5))
    flags = (ctypes.c_int(FLAGS), ctypes.c_int(COPY))
    name = (ctypes.c_int(TOPIC), ctypes.c_char_p(topic.encode()))
    assert library.rd_kafka_producev(producer, *name, *flags, *value, HEADERS, headers, END) == 0
    assert library.rd_kafka_flush(producer, 10_000) == 0
    library.rd_kafka_destroy(producer)

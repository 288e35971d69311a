"""A record that the broker has not written is not called acknowledged, whatever becomes of its successors (I1).

librdkafka takes the acknowledgement of a record for one of all before it, and Apache Kafka, up to 4.4, takes any
record first from a producer that it does not know: of two records under way the first may be refused and the
second written. Here the topic is missing when the first comes in.
"""

from confluent_kafka.admin import AdminClient

from stillframe.producer import ProducerSettings
from stillframe.producer.client import Client
from stillframe.producer.report import Report
from tests.chaos.proxy import Proxy
from tests.engine.looking import log_ends, read_all
from tests.kafka import Cluster, create_topic
from tests.waiting import wait_until

FIRST, SECOND = b"refused at first", b"written"


def test_only_what_has_an_offset_is_acknowledged(own_kafka: Cluster) -> None:
    direct, topic = own_kafka.bootstrap_servers, "work"
    reports: dict[bytes, Report] = {}
    create_topic(direct, topic, 1)
    admin = AdminClient({"bootstrap.servers": direct})
    with Proxy(own_kafka.detours.values()) as proxy:
        client = Client(ProducerSettings(bootstrap_servers=own_kafka.detour_servers))

        def send(value: bytes) -> None:
            client.send(
                topic, None, value, partition=0, timeout=5, on_report=lambda got: reports.update({value: got})
            )

        send(b"the client knows the topic")
        wait_until(lambda: reports, timeout=20, describe="the client to be connected")
        proxy.hold_answers()
        admin.delete_topics([topic])[topic].result(10)
        send(FIRST)
        wait_until(lambda: proxy.held, timeout=20, describe="the first record to be refused")
        create_topic(direct, topic, 1)
        send(SECOND)
        wait_until(lambda: log_ends(direct, topic, 1) == [1], timeout=20, describe="the second to be written")
        proxy.release_answers()
        wait_until(lambda: len(reports) == 3, timeout=20, describe="all reports")
        client.close(0)

    written = {record.value for record in read_all(direct, topic)}
    assert {value for value in (FIRST, SECOND) if reports[value].error is None} == written == {SECOND}

"""With a replica missing that the topic insists on, SEMI_SYNC is acknowledged by the leader at once, while SYNC
waits for the replica and is told that the outcome is unknown."""

from functools import partial

import pytest

from stillframe.producer import Durability, SubmitUnknown
from tests.kafka import Cluster, create_topic
from tests.producing import Email, email_type, open_producer
from tests.timing import takes
from tests.waiting import wait_until


@pytest.mark.parametrize("own_kafka", [3], indirect=True)
def test_semi_sync_needs_the_leader_alone(own_kafka: Cluster, topic_name: str) -> None:
    servers = own_kafka.bootstrap_servers
    task_type = email_type(create_topic(servers, topic_name, partitions=1, config={"min.insync.replicas": 3}))
    with open_producer(servers, delivery_timeout=4) as producer:

        def acknowledged(durability: Durability) -> bool:
            try:
                return producer.submit(task_type, Email(), durability=durability).done
            except SubmitUnknown:  # the cluster is new, or the leader was the one that died
                return False

        for each in (Durability.SYNC, Durability.SEMI_SYNC):
            wait_until(partial(acknowledged, each), timeout=30, describe="three replicas to acknowledge")
        own_kafka.kill(3)
        wait_until(partial(acknowledged, Durability.SEMI_SYNC), timeout=30, describe="a leader to acknowledge alone")
        with takes(4.5, at_least=2.5):
            assert not acknowledged(Durability.SYNC)
        with takes(0.2):
            assert acknowledged(Durability.SEMI_SYNC)

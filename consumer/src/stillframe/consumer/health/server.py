"""The port on which others ask: ``/metrics``, ``/livez`` and ``/readyz``, and for operators ``/explain``."""

from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from socketserver import TCPServer
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler, make_server

import orjson
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import ThreadingWSGIServer, make_wsgi_app

from stillframe.consumer.explain.insight import Insight
from stillframe.consumer.health.listener import Health
from stillframe.consumer.health.verdict import Verdict
from stillframe.consumer.listeners.metrics import Metrics
from stillframe.consumer.settings import WorkerSettings
from stillframe.schemas import SettingsError

#: Seconds for which a client may keep a thread waiting for its request.
REQUEST_TIMEOUT: Final = 5.0
#: How often the server's thread looks whether it is to end: that long a stop may wait for it.
SHUTDOWN_POLL: Final = 0.1
PLAIN: Final = (("Content-Type", "text/plain; charset=utf-8"),)
JSON: Final = (("Content-Type", "application/json"), ("Cache-Control", "no-store"))


@contextmanager
def serve_health(
    settings: WorkerSettings, health: Health, metrics: Metrics, insight: Insight
) -> Iterator[str | None]:
    """Serve the four addresses in a thread of their own while the context lasts.

    Yields:
        where, such as ``http://0.0.0.0:9464``, with the real port where 0 was asked for; ``None`` if
        ``health_port`` is.

    Raises:
        SettingsError: the address cannot be bound; names the setting to change.
    """
    host, port = settings.health_host, settings.health_port
    if port is None:
        yield None
        return
    with _bound(host, port, _app(health, metrics.registry, insight)) as server:
        threading.Thread(
            target=server.serve_forever, args=(SHUTDOWN_POLL,), name="stillframe-health", daemon=True
        ).start()
        try:
            yield f"http://{f'[{host}]' if ':' in host else host}:{server.server_port}"
        finally:
            server.shutdown()


class _Handler(WSGIRequestHandler):
    timeout = REQUEST_TIMEOUT

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Probes come every few seconds: nobody wants to read of them."""


class _Server(ThreadingWSGIServer):
    def server_bind(self) -> None:
        """Bind without the library's reverse look-up, which hangs where no name server answers."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()


class _Server6(_Server):
    address_family = socket.AF_INET6


def _bound(host: str, port: int, app: Callable[..., Iterable[bytes]]) -> ThreadingWSGIServer:
    try:
        return make_server(host, port, app, _Server6 if ":" in host else _Server, _Handler)
    except OSError as error:
        raise SettingsError(_why_unbound(host, port, error)) from None


def _why_unbound(host: str, port: int, error: OSError) -> str:
    if error.errno in {errno.EADDRINUSE, errno.EACCES}:
        why = "is taken" if error.errno == errno.EADDRINUSE else "is not open to this user"
        cure = "set STILLFRAME_HEALTH_PORT to another one, or to 0 for any that is free"
        return f"health_port {port} {why}: {cure}"
    cure = "set STILLFRAME_HEALTH_HOST to an address of this machine, such as 0.0.0.0 or 127.0.0.1"
    return f"health_host {host!r} cannot be bound ({error.strerror}): {cure}"


def _app(health: Health, registry: CollectorRegistry, insight: Insight) -> Callable[..., Iterable[bytes]]:
    metrics: Callable[..., Iterable[bytes]] = make_wsgi_app(registry)

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        match environ["PATH_INFO"]:
            case "/metrics":
                return metrics(environ, start_response)
            case "/livez":
                return _answer(start_response, health.live(), "alive", "dead")
            case "/readyz":
                return _answer(start_response, health.ready(), "ready", "unready")
            case "/explain":
                start_response("200 OK", list(JSON))
                return [orjson.dumps(insight.facts())]
            case _:
                start_response("404 Not Found", list(PLAIN))
                return [b"there are /metrics, /livez, /readyz and /explain\n"]

    return app


def _answer(start_response: Callable[..., Any], verdict: Verdict, well: str, ill: str) -> list[bytes]:
    # A new list each time: wsgiref adds the length of the body to the one it is given.
    start_response("200 OK" if verdict.ok else "503 Service Unavailable", list(JSON))
    told = {"status": well if verdict.ok else ill, "reasons": verdict.reasons}
    return [orjson.dumps(told | {"notes": verdict.notes} if verdict.notes else told)]

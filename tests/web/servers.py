"""Real web servers, each with several processes, as a command line for a port."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.kafka.ports import accepts, free_ports
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
# Without a limit, uvicorn waits for a connection that came just as it stopped for as long as that is used.
UVICORN = (
    "uvicorn", "--workers", "2", "--timeout-graceful-shutdown", "10", "--log-level", "warning", "--port", "{port}",
)  # fmt: skip
HYPERCORN = ("hypercorn", "--workers", "2", "--graceful-timeout", "10", "--bind", "127.0.0.1:{port}")
GRANIAN = ("granian", "--workers", "2", "--port", "{port}", "--interface")
GUNICORN = ("gunicorn", "--workers", "2", "--preload", "--graceful-timeout", "20")

#: What runs after `python -m`; `{port}` is filled in. With `--preload`, gunicorn imports the application, and so
#: makes its producer, before it forks.
SERVERS: Mapping[str, tuple[str, ...]] = {
    "gunicorn": (*GUNICORN, "--bind", "127.0.0.1:{port}", "tests.web.flask_app:app"),
    # So many that one process has a thread for every client of the crowd, should it get them all.
    "gunicorn gthread": (*GUNICORN, "--threads", "16", "--bind", "127.0.0.1:{port}", "tests.web.django_app:wsgi"),
    "uvicorn": (*UVICORN, "tests.web.fastapi_app:app"),
    "uvicorn, django": (*UVICORN, "--lifespan", "off", "tests.web.django_app:asgi"),
    "hypercorn": (*HYPERCORN, "tests.web.fastapi_app:app"),
    "granian": (*GRANIAN, "asgi", "tests.web.fastapi_app:app"),
    "granian, flask": (*GRANIAN, "wsgi", "--blocking-threads", "16", "tests.web.flask_app:app"),
}


@dataclass
class Server:
    """A server that answers at ``address``."""

    process: subprocess.Popen[bytes]
    address: str
    log: Path

    def terminate(self, timeout: float = 40) -> int:
        """SIGTERM to the server alone, as Kubernetes sends it; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout)


def running(name: str, folder: Path, **environment: str) -> AbstractContextManager[Server]:
    """One of :data:`SERVERS`, listening."""
    if "django_app:asgi" in SERVERS[name][-1]:
        environment["ASYNC"] = "yes"
    return started(SERVERS[name], folder, environment)


@contextmanager
def started(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], *, cwd: Path = ROOT
) -> Iterator[Server]:
    """The server that `python -m command` starts, once it listens; at the end it and its processes are gone."""
    (port,) = free_ports(1)
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *(part.format(port=port) for part in command)],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that its processes can be ended with it
        )
    try:
        wait_until(lambda: accepts(port), timeout=60, describe=f"{command[0]} to listen; see {log}")
        yield Server(process, f"http://127.0.0.1:{port}", log)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)

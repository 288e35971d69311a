"""What a WSGI server makes of a request (PEP 3333), and what it is answered with."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

import httpx


class Socket:
    """The stream of a request. Reading beyond its end would wait for ever, where ``wsgi.input_terminated``
    is not set, and is an error here."""

    def __init__(self, body: bytes, *, terminated: bool = False) -> None:
        self.left = body
        self.terminated = terminated

    def read(self, size: int = -1, /) -> bytes:
        if not self.terminated and (size < 0 or size > len(self.left)):
            raise AssertionError("waits for ever")
        data, self.left = (self.left, b"") if size < 0 else (self.left[:size], self.left[size:])
        return data

    def readline(self, size: int = -1, /) -> bytes:
        line = self.left.find(b"\n") + 1 or len(self.left)
        return self.read(line if size < 0 else min(size, line))

    def readlines(self, hint: int = -1, /) -> list[bytes]:
        return list(self)

    def __iter__(self) -> Any:
        return iter(self.readline, b"")


def environ_of(sent: httpx.Request, body: bytes, peer: str) -> dict[str, Any]:
    """As gunicorn would: names folded, repeats joined by commas, text as Latin-1."""
    chunked = "transfer-encoding" in sent.headers
    environ: dict[str, Any] = {
        "REQUEST_METHOD": sent.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(sent.url.raw_path.partition(b"?")[0]).decode("latin-1"),
        "QUERY_STRING": sent.url.query.decode("latin-1"),
        "SERVER_NAME": "shop.test",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": peer,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": Socket(body, terminated=chunked),
        "wsgi.errors": None,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if chunked:
        environ["wsgi.input_terminated"] = True
    for name, value in sent.headers.raw:
        key = name.decode("latin-1").upper().replace("-", "_")
        if key not in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
            key = f"HTTP_{key}"
        text = value.decode("latin-1")
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    return environ


def serve(app: Any, sent: httpx.Request, body: bytes, peer: str = "192.0.2.1") -> tuple[int, bytes]:
    """Status and body of the answer."""
    status, _, answer = serve_all(app, sent, body, peer)
    return status, answer


def serve_all(
    app: Any, sent: httpx.Request, body: bytes, peer: str = "192.0.2.1"
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers (names in lower case) and body of the answer."""
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(line: str, headers: Any, exc_info: Any = None) -> None:
        if exc_info is not None:
            raise exc_info[1]
        started.append((line, headers))

    answer: Iterable[bytes] = app(environ_of(sent, body, peer), start_response)
    try:
        content = b"".join(answer)
    finally:
        getattr(answer, "close", lambda: None)()
    line, headers = started[-1]
    return int(line.split()[0]), {name.lower(): value for name, value in headers}, content

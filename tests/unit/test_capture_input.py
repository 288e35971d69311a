"""The copy of a WSGI body: the application reads every byte once, and the copy is whole or refused."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest

from stillframe.producer.capture.body import BodyIncomplete
from stillframe.producer.capture.input import InputCopy
from stillframe.producer.wsgi import SnapshotMiddleware, snapshot_of
from stillframe.schemas import DefinitionError, PayloadTooLarge
from tests.unit.wsgi_server import Socket

BODY = b"one\ntwo\nthree"
#: How an application may read, and what it gets.
READS: list[Callable[[Any], bytes]] = [
    lambda stream: stream.read(len(BODY)),
    lambda stream: stream.read(5) + stream.read(0) + stream.read(len(BODY) - 5),
    lambda stream: stream.readline() + stream.readline(2) + stream.read(len(BODY) - 6),
    lambda stream: b"".join(stream.readline(3) for _ in range(6)),
    lambda stream: stream.readline(0) + stream.read(2) + stream.readline() + stream.readline() + stream.read(5),
]


def declared(body: bytes = BODY, *, limit: int = 100, length: int | None = None) -> tuple[InputCopy, Socket]:
    socket = Socket(body)
    return InputCopy(socket, limit, len(body) if length is None else length), socket


@pytest.mark.parametrize("read", READS, ids=range(len(READS)))
@pytest.mark.parametrize("before", [0, 2, 4, 6, 13])
def test_whatever_the_application_has_read_the_copy_is_whole(read: Callable[[Any], bytes], before: int) -> None:
    """A snapshot before, between or after the application's reads has the whole body, and so has it."""
    copy, socket = declared()
    seen = copy.read(before)
    assert copy.copy() == BODY
    assert copy.copy() == BODY
    assert seen + copy.read(len(BODY) - before) == BODY
    assert socket.left == b""
    copy, _ = declared()
    assert read(copy) == BODY
    assert copy.copy() == BODY
    copy, _ = declared()
    copy.copy()
    assert read(copy) == BODY
    assert copy.read(1) == copy.readline() == copy.read() == b""


def test_lines_of_a_body_that_is_half_read_ahead() -> None:
    """A line that begins in what was read ahead ends in what the server has."""
    socket = Socket(b"ab" * 50 + b"cd\nef", terminated=True)
    copy = InputCopy(socket, 20, None, ends=True)
    with pytest.raises(PayloadTooLarge):
        copy.copy()
    assert len(socket.left) == 105 - 21
    assert list(copy) == [b"ab" * 50 + b"cd\n", b"ef"]


def test_readlines_takes_a_hint() -> None:
    """As files do: whole lines, until there are so many bytes."""
    copy, _ = declared()
    copy.copy()
    assert copy.readlines(5) == [b"one\n", b"two\n"]
    assert copy.readlines() == [b"three"]
    copy, _ = declared(b"a\nb\n")
    assert copy.readlines(None) == [b"a\n", b"b\n"]


def test_nothing_is_asked_for_beyond_the_end() -> None:
    """A server that does not end its stream would wait for ever: here, that is an error."""
    copy, _ = declared()
    assert copy.copy() == BODY
    assert copy.read() == BODY
    assert copy.read() == copy.readline() == b""
    assert InputCopy(Socket(b""), 100, None).copy() == b""
    assert InputCopy(Socket(b""), 100, None).read() == b""


def test_a_declared_length_over_the_limit_is_refused_unread() -> None:
    """Content-Length says it beforehand: nothing is read, and the application may still stream it."""
    copy, socket = declared(limit=5)
    with pytest.raises(PayloadTooLarge, match="request body is 13 bytes or more, the limit is 5"):
        copy.copy()
    assert socket.left == BODY
    assert copy.read(13) == BODY


def test_a_body_over_the_limit_is_refused_and_still_there() -> None:
    """Reading ahead stops one byte over the limit, and holds no copy of what was too much."""
    copy = InputCopy(BytesIO(b"x" * 100), 25, None, ends=True)
    copy.read(10)
    with pytest.raises(PayloadTooLarge) as refused:
        copy.copy()
    assert (refused.value.size, refused.value.limit) == (26, 25)
    assert copy._chunks == []
    assert copy.read() == b"x" * 90


@pytest.mark.parametrize("stream", [BytesIO(b"ab"), "broken"], ids=["ends early", "breaks"])
def test_a_client_that_goes_away_leaves_no_half_snapshot(stream: Any) -> None:
    """Some servers say so by an error, some by an early end; what has arrived is the application's."""

    class Broken:
        def __init__(self) -> None:
            self.parts = [b"ab"]

        def read(self, size: int) -> bytes:
            if not self.parts:
                raise ConnectionResetError
            return self.parts.pop()

    copy = InputCopy(Broken() if stream == "broken" else stream, 100, 5)
    with pytest.raises(BodyIncomplete, match="after 2 bytes"):
        copy.copy()
    assert copy.read(2) == b"ab"


def test_a_body_without_an_end_is_refused() -> None:
    """A chunked body that the server does not end cannot be read by anybody, and is never taken for empty."""
    copy = InputCopy(Socket(b"abc"), 100, None, chunked=True)
    with pytest.raises(BodyIncomplete, match="does not tell where"):
        copy.copy()


def test_closing_is_the_servers_business() -> None:
    """Django closes the stream that it has read; what is left of it may still be wanted."""
    stream = BytesIO(BODY)
    copy = InputCopy(stream, 100, None, ends=True)
    copy.read(3)
    copy.close()
    assert copy.copy() == BODY


def test_without_a_body_in_the_policy_the_stream_is_the_servers() -> None:
    """Nothing stands in the way of a stream that is not copied."""
    passed: list[Any] = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        passed.append(environ["wsgi.input"])
        return []

    stream = BytesIO()
    middleware: Any = SnapshotMiddleware(app)
    middleware({"REQUEST_METHOD": "GET", "wsgi.input": stream}, print)
    assert passed == [stream]


def test_without_the_middleware_the_error_names_it() -> None:
    """Asking for a snapshot of what nobody recorded is a mistake in the setup, and says so."""
    with pytest.raises(DefinitionError, match=r"wrap the application in SnapshotMiddleware\(app\)"):
        snapshot_of({"REQUEST_METHOD": "GET"})

"""What httpx, requests, aiohttp, SQLAlchemy, redis and botocore raise is retried, or not, without importing them."""

import subprocess
import sys
from collections.abc import Callable
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any

import aiohttp
import httpx
import pytest
import redis
import requests
import sqlalchemy.exc as sql
from multidict import CIMultiDict, CIMultiDictProxy
from redis._parsers.base import BaseParser
from sqlalchemy.orm.exc import StaleDataError

from stillframe.consumer.outcome.libraries import PERMANENT, TRANSIENT, Meaning, meaning, retry_after
from tests.attempting import MOMENT

NOW = MOMENT.timestamp()
HTTP_DATE = format_datetime(MOMENT.replace(minute=2), usegmt=True)


def of_httpx(status: int, after: str | None) -> BaseException:
    headers = {} if after is None else {"retry-after": after}
    response = httpx.Response(status, headers=headers, request=httpx.Request("GET", "https://example.com"))
    return raised(response.raise_for_status)


def of_requests(status: int, after: str | None) -> BaseException:
    response = requests.Response()
    response.status_code = status
    response.headers.update({} if after is None else {"Retry-After": after})
    return raised(response.raise_for_status)


def of_aiohttp(status: int, after: str | None) -> BaseException:
    headers = None if after is None else CIMultiDictProxy(CIMultiDict({"Retry-After": after}))
    request: Any = SimpleNamespace(real_url="https://example.com")
    return aiohttp.ClientResponseError(request, (), status=status, headers=headers)


class ClientError(Exception):
    """As botocore's: it has the parsed answer, in which the names of headers are in lower case."""

    __module__ = "botocore.exceptions"

    def __init__(self, status: int, after: str | None = None, code: str = "Unknown") -> None:
        headers = {} if after is None else {"retry-after": after}
        self.response = {
            "Error": {"Code": code, "Message": "no"},
            "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": headers, "RetryAttempts": 4},
        }


class ThrottlingException(ClientError):
    """botocore makes a class for each code of a service, in a module that is none."""

    __module__ = "botocore.errorfactory"


def from_redis(answer: str) -> Any:
    """What redis-py makes of a server's answer."""
    return BaseParser.parse_error(answer)  # type: ignore[no-untyped-call]


def raised(call: Callable[[], Any]) -> BaseException:
    with pytest.raises(Exception) as caught:
        call()
    return caught.value


@pytest.mark.parametrize("make", [of_httpx, of_requests, of_aiohttp, ClientError], ids=lambda make: make.__name__)
def test_a_status_tells_whether_a_retry_can_help(make: Callable[[int, str | None], BaseException]) -> None:
    """408, 425, 429 and 5xx pass; any other 4xx is an answer that will not change."""
    for status in (408, 425, 500, 502, 504, 599):
        assert meaning(make(status, "7"), NOW) == TRANSIENT
    for status in (400, 401, 403, 404, 409, 410, 422, 451):
        assert meaning(make(status, None), NOW) == PERMANENT
    for status in (429, 503):
        assert meaning(make(status, None), NOW) == TRANSIENT
        assert meaning(make(status, "120"), NOW) == Meaning(permanent=False, after=120.0)
        assert meaning(make(status, HTTP_DATE), NOW) == Meaning(permanent=False, after=120.0)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120), (" 120 ", 120), ("1.5", 1.5), ("0", 0), ("Tue, 01 Jan 2030 00:00:30 GMT", 30),
        ("Tuesday, 01-Jan-30 00:00:30 GMT", 30), ("Tue Jan  1 00:00:30 2030", 30),
        ("Tue, 01 Jan 2030 01:00:30 +0100", 30), ("Mon, 31 Dec 2029 23:59:00 GMT", -60),
        ("9" * 400, float("inf")), ("soon", None), ("", None), ("-5", None), ("٣", None), ("1e3", None),
        (b"60", None), (60.0, None), (None, None), ("Tue, 99 Foo 2030", None), ("1 Jan 99999 00:00:00 GMT", None),
    ],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date(text: Any, seconds: float | None) -> None:
    """RFC 9110, with its two old forms of a date; whatever else a server says counts for nothing."""
    assert retry_after(text, NOW) == seconds


@pytest.mark.parametrize(
    "error",
    [
        httpx.InvalidURL("no"),
        httpx.UnsupportedProtocol("no"),
        requests.exceptions.InvalidURL(),
        requests.exceptions.MissingSchema(),
        requests.exceptions.InvalidSchema(),
        requests.exceptions.InvalidProxyURL(),
        requests.exceptions.InvalidHeader(),
        aiohttp.InvalidURL("no"),
        aiohttp.NonHttpUrlClientError("no"),
        sql.DataError("select", {}, Exception("too long")),
        sql.ProgrammingError("select", {}, Exception("no such table")),
        sql.NotSupportedError("select", {}, Exception("no")),
        redis.exceptions.DataError("Invalid input of type: 'dict'"),
        from_redis("ERR unknown command 'x'"),
        from_redis("WRONGTYPE Operation against a key holding the wrong kind of value"),
        from_redis("NOPERM this user has no permissions"),
        from_redis("CROSSSLOT Keys in request don't hash to the same slot"),
        ClientError(400, code="ValidationException"),
        type("ParamValidationError", (Exception,), {"__module__": "botocore.exceptions"})("no"),
    ],
    ids=lambda error: f"{type(error).__module__}.{type(error).__name__} {error}"[:70],
)
def test_what_the_caller_did_wrong_is_permanent(error: Exception) -> None:
    """The same call would be refused again."""
    assert meaning(error, NOW) == PERMANENT


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectTimeout("no"),
        httpx.RemoteProtocolError("no"),
        requests.exceptions.ConnectionError(),
        requests.exceptions.ReadTimeout(),
        requests.exceptions.HTTPError("without a response"),
        aiohttp.ServerDisconnectedError(),
        of_aiohttp(200, None),
        sql.OperationalError("select", {}, Exception("server closed the connection")),
        sql.IntegrityError("insert", {}, Exception("the parent is still to come")),
        sql.ProgrammingError("select", {}, Exception("closed"), connection_invalidated=True),
        sql.TimeoutError("QueuePool limit"),
        StaleDataError("somebody else was first"),
        redis.exceptions.ConnectionError(),
        redis.exceptions.LockError(),
        from_redis("OOM command not allowed when used memory > 'maxmemory'"),
        from_redis("READONLY You can't write against a read only replica."),
        from_redis("LOADING Redis is loading the dataset in memory"),
        from_redis("MASTERDOWN Link with MASTER is down"),
        from_redis("BUSY Redis is busy running a script."),
        from_redis("MISCONF Redis is configured to save RDB snapshots"),
        from_redis("ERR max number of clients reached"),
        ClientError(400, code="ThrottlingException"),
        ThrottlingException(400, code="ProvisionedThroughputExceededException"),
        ClientError(403, code="ExpiredTokenException"),
        type("EndpointConnectionError", (Exception,), {"__module__": "botocore.exceptions"})("no"),
    ],
    ids=lambda error: f"{type(error).__module__}.{type(error).__name__} {error}"[:70],
)
def test_what_may_pass_is_worth_a_retry(error: Exception) -> None:
    """Connections, time-outs, locks, throttling: known to pass, or not known at all."""
    told = meaning(error, NOW)
    assert told is None or told == TRANSIENT


def test_a_class_of_the_same_name_elsewhere_says_nothing() -> None:
    """An application has its own HTTPError; one that derives from a library's class means what that means."""
    assert meaning(type("HTTPStatusError", (Exception,), {"__module__": "shop.errors"})(), NOW) is None
    mine = type("Refused", (httpx.HTTPStatusError,), {})
    response = httpx.Response(404, request=httpx.Request("GET", "https://example.com"))
    assert meaning(mine("no", request=response.request, response=response), NOW) == PERMANENT


def test_no_library_is_imported() -> None:
    """A worker whose handlers use none of them has none of them."""
    names = "httpx requests aiohttp sqlalchemy redis botocore"
    code = f"import sys, stillframe.consumer.worker; print([n for n in {names.split()!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"

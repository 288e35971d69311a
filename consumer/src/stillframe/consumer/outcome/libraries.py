"""What the errors of libraries that handlers call mean, told by their classes' names. Pure: ``now`` is passed in.

None of the libraries is imported: whoever has raised one of these has it, nobody else needs it. Only what is
surely pointless to try again is permanent. What is not listed is not known, and worth a retry: it costs an
attempt, where a wrong ``permanent`` costs the task.

The table is in ``docs/retries.md``, for users.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final, NamedTuple


class Meaning(NamedTuple):
    """What an error means.

    Attributes:
        permanent: whether another attempt is pointless.
        after: seconds that the other side wants to be left alone.
    """

    permanent: bool
    after: float | None = None


TRANSIENT: Final = Meaning(permanent=False)
PERMANENT: Final = Meaning(permanent=True)

#: Client errors that time cures: Request Timeout, Too Early, Too Many Requests.
PASSING: Final = frozenset({
    HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS,
})  # fmt: skip
#: Statuses whose Retry-After counts (RFC 6585, section 4; RFC 9110, section 15.6.4).
BUSY: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
SECONDS: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?")

#: Codes of AWS that botocore itself takes for throttling or a passing fault, most of them with status 400
#: (``botocore.retries.standard``), and those of credentials that have run out.
AWS_PASSING: Final = frozenset({
    "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException", "RequestThrottled",
    "TooManyRequestsException", "ProvisionedThroughputExceededException", "TransactionInProgressException",
    "RequestLimitExceeded", "BandwidthLimitExceeded", "LimitExceededException", "SlowDown",
    "PriorRequestNotComplete", "EC2ThrottledException", "RequestTimeout", "RequestTimeoutException",
    "ExpiredToken", "ExpiredTokenException", "RequestExpired",
})  # fmt: skip
#: With what Redis begins an error that passes; redis-py leaves these in the message of a plain ResponseError.
REDIS_PASSING: Final = frozenset({"BUSY", "MISCONF", "NOREPLICAS", "UNBLOCKED", "INPROG", "IOERR"})


def meaning(error: BaseException, now: float) -> Meaning | None:
    """What an error of a known library means; ``None`` if it says nothing.

    Args:
        now: epoch seconds, for a Retry-After that is a date.
    """
    for kind in type(error).__mro__:
        told = TABLE.get(f"{kind.__module__}.{kind.__qualname__}")
        if told is not None:
            return told if isinstance(told, Meaning) else told(error, now)
    return None


def retry_after(text: Any, now: float) -> float | None:
    """Seconds that a Retry-After asks for, be it a number or a date (RFC 9110, section 10.2.3)."""
    if not isinstance(text, str):
        return None
    if SECONDS.fullmatch(text.strip()):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now
    except (ValueError, OverflowError):
        return None


def _of_status(status: Any, headers: Any, now: float) -> Meaning | None:
    """What an HTTP status means; below 400 it does not tell what has failed."""
    if not isinstance(status, int) or status < HTTPStatus.BAD_REQUEST:
        return None
    if status in BUSY:
        return Meaning(permanent=False, after=retry_after(_header(headers, "Retry-After"), now))
    return TRANSIENT if status in PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR else PERMANENT


def _header(headers: Any, name: str) -> Any:
    """From the library's own mapping, which does not mind the case; botocore's is a dict of lower-case names."""
    return (headers.get(name) or headers.get(name.lower())) if isinstance(headers, Mapping) else None


def _with_response(error: Any, now: float) -> Meaning | None:
    """httpx and requests: the response hangs on the error; requests may have none."""
    response = getattr(error, "response", None)
    return _of_status(getattr(response, "status_code", None), getattr(response, "headers", None), now)


def _with_status(error: Any, now: float) -> Meaning | None:
    """aiohttp: the error has the status itself."""
    return _of_status(getattr(error, "status", None), getattr(error, "headers", None), now)


def _of_aws(error: Any, now: float) -> Meaning | None:
    response = getattr(error, "response", None)
    if not isinstance(response, Mapping):
        return None
    if (response.get("Error") or {}).get("Code") in AWS_PASSING:
        return TRANSIENT
    answer = response.get("ResponseMetadata") or {}
    return _of_status(answer.get("HTTPStatusCode"), answer.get("HTTPHeaders"), now)


def _of_statement(error: Any, _now: float) -> Meaning:
    """SQLAlchemy: the fault is the statement's, unless the connection broke under it."""
    return TRANSIENT if getattr(error, "connection_invalidated", False) else PERMANENT


def _of_redis(error: Any, _now: float) -> Meaning:
    return TRANSIENT if str(error).partition(" ")[0] in REDIS_PASSING else PERMANENT


Reader = Callable[[Any, float], Meaning | None]


def _named(module: str, told: Meaning | Reader, *names: str) -> dict[str, Meaning | Reader]:
    return {f"{module}.{name}": told for name in names}


#: By the full name of a class; of an error's classes the most special one counts.
TABLE: Final[Mapping[str, Meaning | Reader]] = {
    **_named("httpx", _with_response, "HTTPStatusError"),
    **_named("httpx", PERMANENT, "InvalidURL", "UnsupportedProtocol"),
    **_named("requests.exceptions", _with_response, "HTTPError"),
    **_named("requests.exceptions", PERMANENT, "InvalidURL", "MissingSchema", "InvalidSchema", "InvalidHeader"),
    **_named("aiohttp.client_exceptions", _with_status, "ClientResponseError"),
    **_named("aiohttp.client_exceptions", PERMANENT, "InvalidURL", "NonHttpUrlClientError"),
    **_named("sqlalchemy.exc", _of_statement, "DataError", "ProgrammingError", "NotSupportedError"),
    **_named("redis.exceptions", _of_redis, "ResponseError"),
    **_named("redis.exceptions", PERMANENT, "DataError"),
    **_named(
        "redis.exceptions", TRANSIENT,
        "OutOfMemoryError", "ReadOnlyError", "ClusterDownError", "TryAgainError", "AskError", "NoScriptError",
        "ExecAbortError",
    ),
    **_named("botocore.exceptions", _of_aws, "ClientError"),
    **_named("botocore.exceptions", PERMANENT, "ParamValidationError", "ValidationError"),
}  # fmt: skip

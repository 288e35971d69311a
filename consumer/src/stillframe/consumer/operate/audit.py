"""Lines of JSON on standard error that outlive a terminal: who did what to dead letters, and warnings."""

from __future__ import annotations

import getpass
import socket
import sys

import structlog


def warn_unchecked(reason: str) -> None:
    """The settings of topics could not be checked, and why."""
    _logger().warning("topics_unchecked", reason=reason)


def audit(event: str, **fields: object) -> None:
    """What was changed, by whom, on which machine. Ids, counts and positions only; never content."""
    _logger().info(event, by=_user(), host=socket.gethostname(), **fields)


def operator() -> str:
    """Who runs the command, and where: ``ada@ops-1``."""
    return f"{_user()}@{socket.gethostname()}"


def _logger() -> structlog.typing.FilteringBoundLogger:
    """A logger of its own: a command's audit must not depend on how a process set up its logging."""
    logger: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
    )
    return logger


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user id often has no name
        return "unknown"

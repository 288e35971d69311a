"""Capture: what a policy accepts, and what it says about what it does not."""

import pickle
import re
from collections.abc import Callable
from typing import Any

import pytest

from stillframe.producer.capture import DEFAULT_HEADERS, Capture
from stillframe.schemas import DefinitionError, FrozenError


async def later(_: Any) -> str:
    return "ada"


def test_the_default_takes_little() -> None:
    """Six harmless headers, no body, no proxies, nothing revealed."""
    capture = Capture()
    assert set(capture.headers) == set(DEFAULT_HEADERS)
    assert len(DEFAULT_HEADERS) == 6
    assert capture.body is False
    assert not capture.reveal
    assert capture == Capture()
    assert hash(capture) == hash(Capture())


def test_header_names_ignore_case_but_not_spelling() -> None:
    """``X_Tenant`` is another header than ``X-Tenant``: allowing one does not let the other in."""
    capture = Capture(headers=["X-Tenant"])
    assert capture.allows_header("x-tenant")
    assert capture.allows_header("X-TENANT")
    assert not capture.allows_header("x_tenant")


@pytest.mark.parametrize("name", ["Authorization", "COOKIE", "x-api-key", "X_Auth_Token", "X-Forwarded-For"])
def test_a_secret_header_needs_to_be_named_twice(name: str) -> None:
    """The error shows the exact words that allow it."""
    with pytest.raises(DefinitionError, match=re.escape(f"reveal=('{name.lower()}',)")):
        Capture(headers=(name,))
    capture = Capture(headers=(name,), reveal=(name.upper(),))
    assert capture.allows_header(name)


def test_revealing_hides_nothing_else() -> None:
    """The opt-in is for exactly the names in it."""
    capture = Capture(reveal=("page_token",))
    assert not capture.hides("page_token")
    assert not capture.hides("Page_Token")
    assert capture.hides("page-token")
    assert capture.hides("token")
    assert not capture.hides("page")


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ({"headers": "content-type"}, "headers is a str: give a tuple of names"),
        ({"headers": 5}, "headers is a int"),
        ({"headers": (5,)}, "headers holds a int"),
        ({"headers": ("a b",)}, "'a b' is not the name of a header"),
        ({"headers": ("",)}, "'' is not the name of a header"),
        ({"headers": ("accept:",)}, "'accept:' is not the name"),
        ({"reveal": "token"}, "reveal is a str"),
        ({"reveal": ("tokn",)}, "reveal: 'tokn' does not look like a secret"),
        ({"body": True}, "in bytes from 1, or False"),
        ({"body": 0}, "in bytes from 1, or False"),
        ({"body": -1}, "in bytes from 1, or False"),
        ({"body": "1MB"}, "in bytes from 1, or False"),
        ({"body": None}, "in bytes from 1, or False"),
        ({"trusted_proxies": "10.0.0.0/8"}, "trusted_proxies is a str"),
        ({"trusted_proxies": ("10.0.0.1/8",)}, r"10.0.0.1/8 has host bits set; write 10.0.0.0/8"),
        ({"trusted_proxies": ("proxy",)}, "'proxy' does not appear to be"),
        ({"principal": "ada"}, "principal must be an ordinary function"),
        ({"principal": later}, "principal must be an ordinary function"),
        ({"context": later}, "context must be an ordinary function"),
    ],
)
def test_a_policy_that_is_wrong_is_refused_where_it_is_made(policy: dict[str, Any], message: str) -> None:
    """Each mistake is named with its cure, before any request is served."""
    with pytest.raises(DefinitionError, match=re.escape(message)):
        Capture(**policy)


def test_a_policy_is_frozen() -> None:
    """One policy serves all threads; it cannot change under them, and lists given to it stay the caller's."""
    headers = ["x-a"]
    capture = Capture(headers=headers)
    headers.append("x-b")
    assert set(capture.headers) == {"x-a"}
    change: Callable[[], None] = lambda: setattr(capture, "body", 5)  # noqa: E731 - a type checker refuses it
    with pytest.raises(FrozenError):
        change()
    assert pickle.loads(pickle.dumps(capture)) == capture

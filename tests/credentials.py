"""The headers that carry credentials, in every spelling that a client may choose."""

from typing import Final

CANARY: Final = "CANARY4711"

CREDENTIALS: Final = (
    "Authorization", "Proxy-Authorization", "Cookie", "Cookie2", "Set-Cookie", "X-Api-Key", "Api-Key", "X-Auth-Token",
    "X-Csrf-Token", "X-Amz-Security-Token", "X-Forwarded-For", "X-Real-Ip", "X-Forwarded-Client-Cert", "Session-Id",
)  # fmt: skip


def spellings(name: str) -> set[str]:
    written = {name, name.lower(), name.upper(), name.title(), name.swapcase()}
    return written | {each.replace("-", "_") for each in written} | {each.replace("-", "") for each in written}


def sent_in_every_spelling(value: str = CANARY) -> list[tuple[str, str]]:
    """Headers of a request."""
    return [(name, value) for name in sorted({each for name in CREDENTIALS for each in spellings(name)})]

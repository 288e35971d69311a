"""Which names of headers and parameters stand for secrets, in whatever spelling, and URLs without them.

The names are those that observability tools agree not to record. They err on the side of silence:
what is left out by mistake can be asked for by name, what has leaked cannot be called back.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote_plus

#: Whole names, without separators.
NAMES: Final = frozenset({
    "authorization", "proxyauthorization", "cookie", "setcookie", "cookie2", "setcookie2",
    "xapikey", "apikey", "xauthtoken", "xcsrftoken", "xxsrftoken", "xamzsecuritytoken",
    "xforwardedfor", "xrealip", "forwarded", "cfconnectingip", "trueclientip", "xclientip",
    "xforwardedclientcert", "xsslcert", "xsslclientcert", "sslclientcert", "xclientcert", "clientcert",
})  # fmt: skip

#: Parts of names.
PART: Final = re.compile(
    "auth|token|secret|password|passwd|pwd|passphrase|key|jwt|bearer|sso|saml|csrf|xsrf|credential|session"
    "|sid|identity|cookie|clientcert|signature"
)

#: Names that hold such a part and no secret.
HARMLESS_NAMES: Final = frozenset({"idempotencykey", "xidempotencykey"})
#: Words that do, and are passed over wherever they stand alone in a name: ``author_id``, ``keyword``.
HARMLESS_WORDS: Final = frozenset({
    "author", "authors", "authored", "keyword", "keywords", "keyboard", "monkey", "turkey", "hockey",
    "side", "inside", "outside", "resident", "residents", "residence", "consider", "president", "crossover",
})  # fmt: skip

WORD: Final = re.compile(r"[a-z0-9]+")
#: Where a word begins in ``authorId``.
HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

#: The user-info of a URL: whatever stands between ``//`` and the last ``@`` of the authority.
USER_INFO: Final = re.compile(r"(?<=//)[^/?#\s]*@")
#: The name of a parameter in the query, fragment or path (``;jsessionid=…``) of a URL.
PARAMETER: Final = re.compile(r"[?&;#]\s*(?P<name>[^=?&;#\s]+)=")
#: Where its value ends at the latest: a secret may hold any other character, encoded or not.
END_OF_VALUE: Final = re.compile(r"[&#]|\Z")


def sensitive(name: str) -> bool:
    """Whether a header, query parameter or path parameter of this name may hold a secret.

    Case, ``-``, ``_``, dots, brackets and look-alike letters make no difference.
    """
    plain = unicodedata.normalize("NFKC", name)
    compact = "".join(WORD.findall(plain.lower()))
    if compact in NAMES or "authorization" in compact:  # which is not the harmless word "author" and a rest
        return True
    if compact in HARMLESS_NAMES or PART.search(compact) is None:
        return False
    return _has_part(plain) and _has_part(HUMP.sub(" ", plain))


def _has_part(name: str) -> bool:
    rest = "".join(word for word in WORD.findall(name.lower()) if word not in HARMLESS_WORDS)
    return PART.search(rest) is not None


def without_secrets(text: str, is_secret: Callable[[str], bool] = sensitive) -> str:
    """Text in which no URL has user-info, or a value for a sensitive parameter; all else is untouched.

    Args:
        is_secret: judges a parameter's decoded name.
    """
    if "//" in text:
        text = USER_INFO.sub("", text)
    kept: list[str] = []
    copied = 0
    for found in PARAMETER.finditer(text) if "=" in text else ():
        if found.start() >= copied and is_secret(unquote_plus(found["name"])):
            kept.append(text[copied : found.end()])
            copied = _end_of_value(text, found.end())
    return "".join((*kept, text[copied:]))


def _end_of_value(text: str, start: int) -> int:
    end = END_OF_VALUE.search(text, start)
    return len(text) if end is None else end.start()

"""Which names stand for secrets, and what becomes of URLs that hold some."""

import pytest

from stillframe.producer.capture.sensitive import sensitive, without_secrets

SECRET = [
    "authorization", "Proxy-Authorization", "cookie", "Set-Cookie", "X-API-Key", "x_api_key", "XAPIKEY",
    "X-Auth-Token", "X-CSRFToken", "x-xsrf-token", "X-Amz-Security-Token", "X-Forwarded-For", "x-real-ip",
    "Forwarded", "CF-Connecting-IP", "X-Forwarded-Client-Cert", "X-SSL-Client-Cert", "ssl_client_cert",
    "token", "accessToken", "access.token", "refresh_token", "client-secret", "password", "passwd",
    "user[pwd]", "secretKey", "key", "sas_key", "api key", "jwt", "id_jwt", "bearer", "sso", "SAMLResponse",
    "csrfmiddlewaretoken", "credentials", "sessionid", "PHPSESSID", "connect.sid", "identity", "auth",
    "author-ization", "my-authorIzation", "AuThOrIzAtIoN", "x-author-token", "keyword_token", "authority",
    "\uff34oken", "to\u212aen", "to\u200bken", "X-Amz-Signature", "sig_nature",
]  # fmt: skip

HARMLESS = [
    "content-type", "user-agent", "x-request-id", "traceparent", "tracestate", "accept-language", "accept", "host",
    "idempotency-key", "Idempotency_Key", "idempotencyKey", "X-Idempotency-Key", "author", "author_id", "authorId",
    "keyword", "keywords", "side", "inside-out", "page", "q", "id", "user_id", "limit", "sort", "", "é", "origin",
    "referer", "x-tenant", "date", "from",
]  # fmt: skip


@pytest.mark.parametrize("name", SECRET)
def test_secret_names_are_known_in_any_spelling(name: str) -> None:
    """Case, separators, look-alikes and invisible characters make no difference."""
    assert sensitive(name)


@pytest.mark.parametrize("name", HARMLESS)
def test_harmless_names_pass(name: str) -> None:
    """What everybody needs is not held back, though it may hold a sensitive part."""
    assert not sensitive(name)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("https://shop.test/a?page=2", "https://shop.test/a?page=2"),
        ("https://ada:pw@shop.test/a", "https://shop.test/a"),
        ("https://ada@shop.test", "https://shop.test"),
        ("https://ada:p@ss@shop.test/@b?c=@d", "https://shop.test/@b?c=@d"),
        ("//ada:pw@shop.test", "//shop.test"),
        ("see http://a:b@c/d and ftp://e:f@g", "see http://c/d and ftp://g"),
        ("/a?token=x&page=2", "/a?token=&page=2"),
        ("/a?page=2&access_token=x/y?z;w#top", "/a?page=2&access_token=#top"),
        ("/a#id_token=x&state=1", "/a#id_token=&state=1"),
        ("/a?%74oken=x", "/a?%74oken="),
        ("/a?to+ken=x", "/a?to+ken="),
        ("/a;jsessionid=x?b=1", "/a;jsessionid="),
        ("/a?next=/b?token=x&c=1", "/a?next=/b?token=&c=1"),
        ("/a?token=x?token=y&b=1", "/a?token=&b=1"),
        ("/a?token", "/a?token"),
        ("text/html; charset=utf-8", "text/html; charset=utf-8"),
        ("a=1; sessionid=x y", "a=1; sessionid="),
        ("mail ada@shop.test", "mail ada@shop.test"),
        ("", ""),
    ],
)
def test_urls_lose_their_secrets_and_nothing_else(text: str, clean: str) -> None:
    """User-info goes, the values of sensitive parameters go, all else stays to the letter."""
    assert without_secrets(text) == clean


def test_long_values_cost_no_more_than_their_length() -> None:
    """Values made to be slow to search take no time worth speaking of."""
    for part in ("//", "?a", "&token=", "//@", "?&;#", "a=", "%74", "; "):
        without_secrets(part * 50_000)

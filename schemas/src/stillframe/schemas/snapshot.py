"""The frozen copy of one request: what a handler may know of it after it has been answered."""

from __future__ import annotations

from datetime import datetime

from stillframe.schemas.errors import FrozenError
from stillframe.schemas.fields import Headers, Query
from stillframe.schemas.frozen import FrozenMapping, frozen, frozen_mapping, frozen_moment, frozen_text


@frozen
class Snapshot:
    """One request, immutable to its leaves, hashable, safe in any thread. It cannot answer the request.

    Attributes:
        method: upper case, such as ``POST``.
        path: the decoded path, without the query.
        route: the route template that matched, such as ``/users/{user_id}``, if known.
        path_params: values of the template's parameters.
        query: parameters in order, repeats kept; sensitive names left out.
        headers: the allowed headers in order, repeats kept.
        client: address of the client, if known.
        principal: who asked, as the application names them; never a credential.
        context: JSON values that the application added.
        received_at: when the request arrived, in UTC; given in any time zone.
        body: the request body, if the application asked for it.
        extra: fields of a newer release, kept as they came.

    Raises:
        FrozenError: a part has no immutable twin that would survive JSON; the message names it.
        EncodeError: ``received_at`` has no time zone.
    """

    method: str
    path: str
    received_at: datetime
    route: str | None = None
    path_params: FrozenMapping = FrozenMapping()
    query: Query = Query()
    headers: Headers = Headers()
    client: str | None = None
    principal: str | None = None
    context: FrozenMapping = FrozenMapping()
    body: bytes | None = None
    extra: FrozenMapping = FrozenMapping()

    def __post_init__(self) -> None:
        """Take mutable arguments in as frozen copies: the caller keeps its own."""
        parts = {
            "method": frozen_text(self.method, "method"),
            "path": frozen_text(self.path, "path"),
            "received_at": frozen_moment(self.received_at, "received_at"),
            "path_params": frozen_mapping(self.path_params),
            "query": Query.of(self.query),
            "headers": Headers.of(self.headers),
            "context": frozen_mapping(self.context),
            "body": _frozen_body(self.body),
            "extra": frozen_mapping(self.extra),
        }
        for name in ("route", "client", "principal"):
            text = getattr(self, name)
            parts[name] = None if text is None else frozen_text(text, name)
        for name, value in parts.items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        body = "no body" if self.body is None else f"{len(self.body)} B of body"
        names = f"{len(self.headers)} headers, {len(self.query)} query names"
        return f"<Snapshot {self.method} {self.route or '(no route)'}: {names}, {body}>"


def _frozen_body(body: object) -> bytes | None:
    match body:
        case None:
            return None
        case bytes() | bytearray() | memoryview():
            return bytes(body)
        case _:
            raise FrozenError(f"body of type {type(body).__name__} cannot be frozen: it must be bytes")

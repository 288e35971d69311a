"""The template of the route that matched, as far as a Starlette application lets it be known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Scope = Mapping[str, Any]

#: What a mounted application of unknown kind matched below its mount.
REST: Final = "/{path}"


def route_template(scope: Scope) -> str | None:
    """The template, prefixes of routers and mounts included: ``/shops/{shop}/orders/{order_id}``.

    FastAPI and Starlette leave the route in the scope; without one the template is not known.
    """
    route = scope.get("route")
    if route is None:
        return None
    # FastAPI includes routers without copying their routes: the prefix is in a context beside the route.
    context = scope.get("fastapi", {}).get("effective_route_context")
    if context is not None and getattr(context, "original_route", None) is route:
        route = context
    if hasattr(route, "routes"):  # a mount: the scope's root_path has its path already
        return _mounted(scope, REST)
    template = getattr(route, "path_format", None) or getattr(route, "path", None)
    return None if template is None else _mounted(scope, template)


def _mounted(scope: Scope, template: str) -> str:
    """The template below the path at which its application is mounted, parameters of the mount by name.

    ``root_path`` holds the mount's actual path, after the prefix that a proxy has cut off, if any.
    """
    above = scope.get("app_root_path", scope.get("root_path", ""))
    parts = scope.get("root_path", "").removeprefix(above).split("/")
    for name, value in scope.get("path_params", {}).items():
        if f"{{{name}}}" not in template and str(value) in parts:
            parts[parts.index(str(value))] = f"{{{name}}}"
    return "/".join(parts).rstrip("/") + template

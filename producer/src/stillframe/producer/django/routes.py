"""The template and parameters of the URL pattern that matched."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from django.contrib.admindocs.utils import (
    remove_non_capturing_groups,
    replace_metacharacters,
    replace_named_groups,
    replace_unnamed_groups,
)
from django.urls import ResolverMatch

from stillframe.producer.capture.template import in_braces

#: A character that would mean something to a regular expression, such as the dot in ``\.html``.
ESCAPED: Final = re.compile(r"\\(\W)")


def route_template(match: ResolverMatch | None) -> str | None:
    """The template, prefixes of ``include()`` included: ``/shops/{shop}/orders``; None before URLs are resolved."""
    if match is None:
        return None
    route = match.route
    if "(" in route or "^" in route:  # a part of it is a regular expression
        route = _simplified(route)
    return "/" + in_braces(route).removeprefix("/")


def path_params(match: ResolverMatch | None) -> Mapping[str, Any]:
    """What the named parameters matched, of all the patterns on the way, without the arguments that
    ``path()`` and ``include()`` add of their own. (``captured_kwargs`` has those of the last one only.)"""
    if match is None:
        return {}
    extra = getattr(match, "extra_kwargs", None) or {}
    return {name: value for name, value in match.kwargs.items() if name not in extra}


def _simplified(route: str) -> str:
    """A pattern of ``re_path()`` as Django's own documentation generator shows it: ``/shops/<shop>/``."""
    named = replace_named_groups(remove_non_capturing_groups(route))
    return ESCAPED.sub(r"\1", replace_metacharacters(replace_unnamed_groups(named)))

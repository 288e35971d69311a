"""The setting ``STILLFRAME``: a dictionary of ``PRODUCER`` and ``CAPTURE``, both optional."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final, TypeVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from stillframe.producer.capture import Capture
from stillframe.producer.producer import Producer
from stillframe.producer.settings.faults import nearest

NAME: Final = "STILLFRAME"
KEYS: Final = ("PRODUCER", "CAPTURE")

T = TypeVar("T")


def producer() -> Producer:
    """``STILLFRAME["PRODUCER"]``: a Producer, or the dotted path to one. By default, one with settings from
    ``STILLFRAME_*`` variables. It is looked up at each call, so that ``override_settings`` works.

    Raises:
        ImproperlyConfigured: the setting is wrong.
    """
    return _configured("PRODUCER", Producer) or _default_producer()


def capture() -> Capture:
    """``STILLFRAME["CAPTURE"]``: a Capture, or the dotted path to one. By default, ``Capture()``.

    Raises:
        ImproperlyConfigured: the setting is wrong.
    """
    return _configured("CAPTURE", Capture) or Capture()


@cache
def _default_producer() -> Producer:
    return Producer()


def _configured(key: str, kind: type[T]) -> T | None:
    given = _setting().get(key)
    if isinstance(given, str):
        try:
            given = import_string(given)
        except ImportError as error:
            raise ImproperlyConfigured(f"{NAME}[{key!r}]: {error}") from error
    if given is not None and not isinstance(given, kind):
        raise ImproperlyConfigured(
            f"{NAME}[{key!r}] is a {type(given).__name__}: give a {kind.__name__}, or the dotted path to one"
        )
    return given


def _setting() -> Mapping[str, Any]:
    given = getattr(settings, NAME, {})
    if not isinstance(given, Mapping):
        raise ImproperlyConfigured(f"{NAME} is a {type(given).__name__}: give a dictionary of {' and '.join(KEYS)}")
    for key in given:
        if key not in KEYS:
            raise ImproperlyConfigured(f"{NAME} has no key {key!r}; did you mean {nearest(str(key).upper(), KEYS)}?")
    return given

"""The Django app: it checks the settings when the application starts, and has no models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from stillframe.producer.django.middleware import SnapshotMiddleware
from stillframe.producer.django.settings import capture, producer
from stillframe.schemas.errors import SettingsError


class StillframeConfig(AppConfig):
    name = "stillframe.producer.django"
    label = "stillframe"
    verbose_name = "Stillframe"

    def ready(self) -> None:
        checks.register(check_settings)


def check_settings(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[checks.CheckMessage]:  # noqa: ARG001
    """For ``manage.py check`` and every start of the server."""
    try:
        policy = capture()
        producer()
    except (ImproperlyConfigured, SettingsError) as error:
        return [checks.Error(str(error), id="stillframe.E001")]
    path = f"stillframe.producer.django.{SnapshotMiddleware.__name__}"
    if policy.body and path not in settings.MIDDLEWARE:
        return [
            checks.Error(
                "STILLFRAME['CAPTURE'] asks for the body, and nothing copies it.",
                hint=f"Add {path!r} to MIDDLEWARE.",
                id="stillframe.E002",
            )
        ]
    return []

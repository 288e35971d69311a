"""docs/reference/: what there is to look up."""

from collections.abc import Mapping

from tests.generated.reference.commands import commands_page
from tests.generated.reference.events import events_page
from tests.generated.reference.metrics import metrics_page
from tests.generated.reference.python import python_page
from tests.generated.reference.settings import settings_page


def reference() -> Mapping[str, str]:
    """Each page by its name below docs/."""
    return {
        "reference/commands.md": commands_page(),
        "reference/events.md": events_page(),
        "reference/metrics.md": metrics_page(),
        "reference/python.md": python_page(),
        "reference/settings.md": settings_page(),
    }

"""Names that look like settings but are none: a misspelt one must not pass in silence."""

from __future__ import annotations

from collections.abc import Mapping

from stillframe.consumer.operate.errors import hinted
from stillframe.consumer.settings import WorkerSettings
from stillframe.producer.settings import ProducerSettings, unknown_file_keys, unknown_variables
from stillframe.schemas import SettingsError

#: Only imported settings classes count as known: these are all that Stillframe has.
KNOWN = (ProducerSettings, WorkerSettings)


def check_setting_names(environ: Mapping[str, str]) -> None:
    """Refuse ``STILLFRAME_*`` variables and keys of the settings file that nothing reads.

    Raises:
        SettingsError: names each, with the nearest setting as a hint.
    """
    variables = {
        name: near for name, near in unknown_variables(environ).items() if not _is_service_link(name, environ)
    }
    unknown = variables | unknown_file_keys(environ)
    if not unknown:
        return
    error = SettingsError(f"unknown setting(s): {', '.join(sorted(unknown))}")
    for name, near in sorted(unknown.items()):
        hinted(
            error,
            f"for {name}: " + (f"did you mean {near}?" if near else "nothing is called like it: unset it"),
        )
    raise error


def _is_service_link(name: str, environ: Mapping[str, str]) -> bool:
    """Kubernetes gives every pod the address of a service called ``stillframe…`` in variables like these."""
    for host in environ:
        service = host.removesuffix("_SERVICE_HOST")
        if service != host and name.startswith((f"{service}_SERVICE_", f"{service}_PORT")):
            return True
    return False

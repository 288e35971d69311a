"""Names that look like settings but belong to none: a misspelt variable must not pass in silence.

Each settings class reads only its own names, since worker and web application share environment and
file. Only a process that has imported all of them, such as the command line, can say what is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from stillframe.producer.settings.connection import PREFIX, ConnectionSettings
from stillframe.producer.settings.faults import nearest
from stillframe.producer.settings.file import FILE_VARIABLE, read_file


def unknown_variables(environ: Mapping[str, str]) -> dict[str, str | None]:
    """Each ``STILLFRAME_*`` variable that no imported settings class reads, and the nearest that one does."""
    known = {field.upper() for field in _fields(ConnectionSettings)} | {FILE_VARIABLE.removeprefix(PREFIX)}
    ours = {name: name.upper().removeprefix(PREFIX) for name in environ if name.upper().startswith(PREFIX)}
    hints = {name: nearest(rest, known) for name, rest in ours.items() if rest not in known}
    return {name: hint and PREFIX + hint for name, hint in hints.items()}


def unknown_file_keys(environ: Mapping[str, str]) -> dict[str, str | None]:
    """Each key of the settings file that no imported settings class reads, and the nearest that one does.

    Raises:
        SettingsError: the file cannot be read.
    """
    known = set(_fields(ConnectionSettings))
    return {name: nearest(name, known) for name in read_file(environ) if name not in known}


def _fields(settings: type[ConnectionSettings]) -> Iterable[str]:
    yield from settings.model_fields
    for subclass in settings.__subclasses__():
        yield from _fields(subclass)

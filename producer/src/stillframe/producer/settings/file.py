"""The settings file: TOML, one flat table for all settings classes, ``[kafka]`` for librdkafka."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from stillframe.schemas.errors import SettingsError

FILE_VARIABLE: Final = "STILLFRAME_CONFIG_FILE"
DEFAULT_FILE: Final = "stillframe.toml"


def read_file(environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """What is in the file that ``STILLFRAME_CONFIG_FILE`` names, else in ``./stillframe.toml``, if anywhere.

    Raises:
        SettingsError: the named file is missing, or a file cannot be read as TOML.
    """
    named = environ.get(FILE_VARIABLE)
    path = Path(named or DEFAULT_FILE)
    if not named and not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(
            f"{FILE_VARIABLE} names {str(path)!r}, which cannot be read ({error.strerror}): "
            "correct the path or unset the variable"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{str(path)!r} is not TOML in UTF-8: {error}") from None

"""A project to begin with: the files of the folder ``project``, which is one itself, under another name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath
from typing import Final

from stillframe.consumer.operate.errors import CommandError, hinted

#: How the project is called as long as it lies here, and what stands for the release that it is to run on.
ITS_NAME: Final = "mailer"
ITS_RELEASE: Final = "RELEASE"
#: A distribution's name (PEP 508) that a Kafka topic and a consumer group can have too, with something behind it.
NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?", re.ASCII)


def name_of(folder: Path) -> str:
    """What a project in that folder is called.

    Raises:
        CommandError: the folder has a name that the project cannot have.
    """
    name = folder.resolve().name
    if not NAME.fullmatch(name):
        error = CommandError(f"{str(folder)!r} cannot name a project, its topic and its consumer group")
        raise hinted(error, "use up to 64 letters, digits, '.', '_' and '-', the first and last a letter or digit")
    return name


def project(name: str, release: str) -> Mapping[PurePosixPath, str]:
    """The project's files and what is in them."""
    found: dict[PurePosixPath, str] = {}
    _collect(files("stillframe.consumer.operate").joinpath("project"), PurePosixPath(), found)
    return {path: text.replace(ITS_NAME, name).replace(ITS_RELEASE, release) for path, text in found.items()}


def _collect(folder: Traversable, path: PurePosixPath, found: dict[PurePosixPath, str]) -> None:
    for each in folder.iterdir():
        if each.is_file():
            found[path / each.name] = each.read_text(encoding="utf-8")
        elif each.name != "__pycache__":  # an installer compiles whatever ends in .py
            _collect(each, path / each.name, found)


def write(folder: Path, contents: Mapping[PurePosixPath, str]) -> None:
    """Write files into a folder that is empty or does not exist; all of them, or none.

    Raises:
        CommandError: there is something already, or the folder cannot be written.
    """
    made: list[Path] = []  # in order; what others may put there meanwhile is not among it
    try:
        _make_folder(folder, made)
        if any(folder.iterdir()):
            raise hinted(CommandError(f"{str(folder)!r} is not empty: nothing was written"), "name a new folder")
        for path, text in contents.items():
            target = folder / path
            _make_folder(target.parent, made)
            made.append(target)
            target.write_text(text, encoding="utf-8")
    except OSError as error:
        for each in reversed(made):
            with suppress(OSError):
                each.rmdir() if each.is_dir() else each.unlink()
        raise CommandError(f"{str(folder)!r} cannot be written ({error.strerror}): nothing was left there") from None


def _make_folder(folder: Path, made: list[Path]) -> None:
    for each in (*reversed(folder.parents), folder):
        if not each.exists():
            each.mkdir()
            made.append(each)

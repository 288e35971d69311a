"""A wheel holds its own part of the namespace `stillframe` with its types, and nothing of the others; an sdist its
sources; and both say what they are."""

import tarfile
from email import message_from_string
from email.message import Message
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.packages.building import PARTS, PYTHONS, ROOT, VERSION, files

#: What each needs of the others: the same release, for they share the wire.
SIBLINGS = {"schemas": set(), "producer": {"stillframe-schemas"}, "consumer": {"stillframe-producer"}}


@pytest.mark.parametrize("part", PARTS)
def test_a_wheel_carries_its_part(distributions: Path, part: str) -> None:
    with ZipFile(wheel(distributions, part)) as archive:
        found = {name for name in archive.namelist() if ".dist-info/" not in name}
    sources = ROOT / part / "src"
    expected = {str(file.relative_to(sources)) for file in files(sources) if "__pycache__" not in file.parts}
    assert found == expected
    assert f"stillframe/{part}/py.typed" in found
    assert "stillframe/__init__.py" not in found  # it would hide the other parts


@pytest.mark.parametrize("part", PARTS)
def test_an_sdist_carries_its_sources(distributions: Path, part: str) -> None:
    with tarfile.open(distributions / f"stillframe_{part}-{VERSION}.tar.gz") as archive:
        found = {name.partition("/")[2] for name in archive.getnames()}
    beside = {name for name in found if not name.startswith(f"src/stillframe/{part}/")}
    assert beside == {".gitignore", "LICENSE", "PKG-INFO", "README.md", "pyproject.toml"}


@pytest.mark.parametrize("part", PARTS)
def test_a_wheel_says_what_it_is(distributions: Path, part: str) -> None:
    told = metadata(distributions, part)
    assert (told["Name"], told["License-Expression"]) == (f"stillframe-{part}", "Apache-2.0")
    assert told["Requires-Python"] == f">={PYTHONS[0]}"
    assert told["Description-Content-Type"] == "text/markdown"
    assert told.get_payload() == (ROOT / part / "README.md").read_text()
    assert 40 < len(told["Summary"]) < 130
    classifiers = set(told.get_all("Classifier", ()))
    assert {f"Programming Language :: Python :: {version}" for version in PYTHONS} < classifiers
    assert "Typing :: Typed" in classifiers
    assert told["Keywords"]


@pytest.mark.parametrize("part", PARTS)
def test_parts_of_one_release_belong_together(distributions: Path, part: str) -> None:
    """They share the wire: each asks for the others in its own release, and no other."""
    told = metadata(distributions, part)
    asked = {each.partition(";")[0].strip() for each in told.get_all("Requires-Dist", ())}
    ours = {each for each in asked if each.startswith("stillframe")}
    assert ours == {f"{name}=={told['Version']}" for name in SIBLINGS[part]}


@pytest.mark.parametrize("part", PARTS)
def test_a_wheel_carries_the_licence(distributions: Path, part: str) -> None:
    with ZipFile(wheel(distributions, part)) as archive:
        licence = archive.read(f"stillframe_{part}-{VERSION}.dist-info/licenses/LICENSE")
    assert licence == (ROOT / "LICENSE").read_bytes()


def wheel(distributions: Path, part: str) -> Path:
    (found,) = distributions.glob(f"stillframe_{part}-*.whl")
    return found


def metadata(distributions: Path, part: str) -> Message:
    with ZipFile(wheel(distributions, part)) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return message_from_string(archive.read(name).decode())

"""Who builds a distribution anew, elsewhere and later, gets the same bytes; and a wheel of the sdist is the wheel of
the checkout."""

import os
import tarfile
from pathlib import Path

from tests.packages.building import PARTS, VERSION, build, copy_of_sources, files


def test_another_copy_builds_the_same_bytes(distributions: Path, tmp_path: Path) -> None:
    copied = copy_of_sources(tmp_path / "copy")
    usual = os.umask(0o077)
    try:
        again = build(copied, tmp_path / "again")
    finally:
        os.umask(usual)
    assert contents(again) == contents(distributions)


def test_the_sdist_builds_the_wheel(distributions: Path, tmp_path: Path) -> None:
    for part in PARTS:
        with tarfile.open(distributions / f"stillframe_{part}-{VERSION}.tar.gz") as sdist:
            sdist.extractall(tmp_path, filter="data")
        (tmp_path / f"stillframe_{part}-{VERSION}").rename(tmp_path / part)
    from_sdists = build(tmp_path, tmp_path / "built")
    assert contents(from_sdists) == contents(distributions)


def contents(folder: Path) -> dict[str, bytes]:
    found = {file.name: file.read_bytes() for file in files(folder)}
    assert len(found) == 2 * len(PARTS)
    return found

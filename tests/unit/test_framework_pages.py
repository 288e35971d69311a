"""The pages about web frameworks are true: their applications run, and pass the tests that stand there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pages import DOCS, files_of, set_up


@pytest.mark.parametrize(
    ("page", "test", "passed"),
    [
        ("fastapi.md", "-m pytest -q -p no:cacheprovider .", "2 passed"),
        ("flask.md", "-m pytest -q -p no:cacheprovider .", "3 passed"),
        ("django.md", "manage.py test", "Ran 3 tests"),
    ],
)
def test_the_files_on_the_page_pass_their_own_test(page: str, test: str, passed: str, tmp_path: Path) -> None:
    """Whoever copies them has an application that works, and knows how to test it."""
    set_up(DOCS / page, tmp_path)
    run = subprocess.run(
        [sys.executable, *test.split()],
        cwd=tmp_path,
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert passed in run.stdout + run.stderr


def test_the_pages_differ_in_their_application_alone() -> None:
    """A task and its worker know nothing of who submits it."""
    pages = [files_of(DOCS / page) for page in ("fastapi.md", "flask.md", "django.md")]
    assert len({page["worker.py"] for page in pages}) == 1
    assert len({page["tasks.py"].partition("\n")[2] for page in pages}) == 1


def test_every_page_is_linked() -> None:
    """From the overview, and from the README."""
    overview = (DOCS / "web.md").read_text(encoding="utf-8")
    assert {"fastapi.md", "flask.md", "django.md"} <= set(re.findall(r"\((\w+\.md)\)", overview))
    assert "docs/web.md" in (DOCS.parent / "README.md").read_text(encoding="utf-8")

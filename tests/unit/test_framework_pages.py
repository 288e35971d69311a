"""The pages about web frameworks are true: their applications run, and pass the tests that stand there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = re.compile(r"```python\n# (?P<name>\w+\.py)[^\n]*\n(?P<text>.*?)```", re.DOTALL)

#: What `django-admin startproject` would have written, as far as these files need it.
DJANGO = {
    "conftest.py": """
import django
django.setup()
""",
    "settings.py": """
SECRET_KEY = "of the test"
ROOT_URLCONF = "urls"
DATABASES = {}
USE_TZ = True
""",
    "urls.py": """
from django.urls import path
import views
urlpatterns = [path("emails", views.create), path("async-emails", views.create_async)]
""",
}


def files_of(page: str) -> dict[str, str]:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return {found["name"]: found["text"] for found in FILES.finditer(text)}


@pytest.mark.parametrize(
    ("page", "around", "environment", "passed"),
    [
        ("fastapi.md", {}, {}, 2),
        ("flask.md", {}, {}, 3),
        ("django.md", DJANGO, {"DJANGO_SETTINGS_MODULE": "settings"}, 3),
    ],
)
def test_the_files_on_the_page_pass_their_own_test(
    page: str, around: dict[str, str], environment: dict[str, str], passed: int, tmp_path: Path
) -> None:
    """Whoever copies them has an application that works, and knows how to test it."""
    for name, text in files_of(page).items():
        (tmp_path / name).write_text(around.get(name, "") + text, encoding="utf-8")
    for name in around.keys() - files_of(page).keys():
        (tmp_path / name).write_text(around[name], encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"{passed} passed" in run.stdout


def test_every_page_is_linked() -> None:
    """From the overview, and from the README."""
    overview = (ROOT / "docs" / "web.md").read_text(encoding="utf-8")
    assert {"fastapi.md", "flask.md", "django.md"} <= set(re.findall(r"\((\w+\.md)\)", overview))
    assert "docs/web.md" in (ROOT / "README.md").read_text(encoding="utf-8")

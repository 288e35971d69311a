"""The three files in the README are true: they import, register and route as they stand there."""

import importlib
import re
import sys
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

README = Path(__file__).parents[2] / "README.md"
NAMES = ("tasks", "web", "worker")
FILES = re.compile(r"```python\n# (\w+\.py)(.*?)```", re.DOTALL)


def test_the_three_files_work_as_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A newcomer who copies them has a web application and a worker."""
    files = FILES.findall(README.read_text(encoding="utf-8"))
    assert [name for name, _ in files] == [f"{name}.py" for name in NAMES]
    for name, text in files:
        (tmp_path / name).write_text(f"# {name}{text}", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    _, web, worker = [importlib.import_module(name) for name in NAMES]
    for name in NAMES:
        del sys.modules[name]
    assert [route.path for route in web.app.routes if isinstance(route, APIRoute)] == ["/emails"]
    assert worker.worker.topics == ("emails",)

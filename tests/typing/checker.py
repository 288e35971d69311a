"""Runs mypy and pyright over a snippet, strictly, that says itself which of its lines are wrong."""

import json
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[2]
REFUSED = re.compile(r"#\s*refused:\s*(?P<code>[a-z-]+)\s*$")
ERROR = re.compile(r"^[^:]+\.py:(?P<line>\d+): error: .*\[(?P<code>[a-z-]+)\]$")

MYPY = (
    "mypy", "--config-file", str(ROOT / "pyproject.toml"),
    "--cache-dir", str(ROOT / ".mypy_cache" / "typing-tests"),
    "--no-error-summary", "--no-pretty", "--no-color-output", "--hide-error-context",
)  # fmt: skip
PYRIGHT = ("basedpyright", "--outputjson", "--pythonpath", sys.executable)
#: basedpyright as pyright is, without rules of its own; and what a snippet only shows, it does not use.
PYRIGHT_OPTIONS = {"typeCheckingMode": "strict", "reportUnusedVariable": False, "reportDeprecated": False}


def check(source: str, folder: Path) -> None:
    """Type-check ``source`` strictly in ``folder`` (a ``tmp_path``).

    Each line that ends in ``# refused: <code>`` must be refused by both, by mypy with that code, and no other
    line may be by either; else an AssertionError lists the surprises.
    """
    text = dedent(source).strip() + "\n"
    snippet = folder / "snippet.py"
    snippet.write_text(text)
    marked = {
        number: match["code"]
        for number, line in enumerate(text.splitlines(), start=1)
        if (match := REFUSED.search(line))
    }
    of_mypy, output = _of_mypy(snippet)
    of_pyright, report = _of_pyright(snippet)
    surprises = {
        "not refused by mypy": set(marked.items()) - of_mypy,
        "not refused by pyright": marked.keys() - of_pyright,
        "refused by mypy though right": {error for error in of_mypy if error[0] not in marked},
        "refused by pyright though right": of_pyright - marked.keys(),
    }
    if any(surprises.values()):
        raise AssertionError(f"{surprises}\n{output}\n{report}")


def _of_mypy(snippet: Path) -> tuple[set[tuple[int, str]], str]:
    """The lines refused, with the code of each."""
    output = _run(*MYPY, str(snippet))
    matches = (ERROR.match(line) for line in output.splitlines())
    return {(int(match["line"]), match["code"]) for match in matches if match}, output


def _of_pyright(snippet: Path) -> tuple[set[int], str]:
    """The lines refused: what rule it goes by is not the same from one release to the next."""
    (snippet.parent / "pyrightconfig.json").write_text(json.dumps(PYRIGHT_OPTIONS))
    output = _run(*PYRIGHT, "--project", str(snippet.parent))
    found = json.loads(output)["generalDiagnostics"]
    return {each["range"]["start"]["line"] + 1 for each in found if each["severity"] == "error"}, output


def _run(*command: str) -> str:
    run = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, timeout=240, check=False
    )
    if run.returncode not in {0, 1}:
        raise AssertionError(f"{command[0]} did not run: {run.stdout}{run.stderr}")
    return run.stdout

"""Runs mypy, configured as for this project, over a snippet that says itself which of its lines are wrong."""

import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[2]
REFUSED = re.compile(r"#\s*refused:\s*(?P<code>[a-z-]+)\s*$")
ERROR = re.compile(r"^[^:]+\.py:(?P<line>\d+): error: .*\[(?P<code>[a-z-]+)\]$")

OPTIONS = (
    "--config-file", str(ROOT / "pyproject.toml"),
    "--cache-dir", str(ROOT / ".mypy_cache" / "typing-tests"),
    "--no-error-summary", "--no-pretty", "--no-color-output", "--hide-error-context",
)  # fmt: skip


def check(source: str, folder: Path) -> None:
    """Type-check ``source`` strictly in ``folder`` (a ``tmp_path``).

    Each line that ends in ``# refused: <code>`` must be refused with that mypy code, and no other
    line may be; else an AssertionError lists both kinds of surprise.
    """
    text = dedent(source).strip() + "\n"
    snippet = folder / "snippet.py"
    snippet.write_text(text)
    found, output = _errors(snippet)
    expected = {
        (number, match["code"])
        for number, line in enumerate(text.splitlines(), start=1)
        if (match := REFUSED.search(line))
    }
    wrong_lines = {number for number, _ in expected}
    refused_though_right = sorted(error for error in found if error[0] not in wrong_lines)
    if expected - found or refused_though_right:
        raise AssertionError(
            f"not refused as marked: {sorted(expected - found)}\n"
            f"refused though right: {refused_though_right}\n{output}"
        )


def _errors(snippet: Path) -> tuple[set[tuple[int, str]], str]:
    command = [sys.executable, "-m", "mypy", *OPTIONS, str(snippet)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    if run.returncode not in {0, 1}:
        raise AssertionError(f"mypy did not run: {run.stdout}{run.stderr}")
    matches = (ERROR.match(line) for line in run.stdout.splitlines())
    return {(int(match["line"]), match["code"]) for match in matches if match}, run.stdout

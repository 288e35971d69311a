"""What a page of the documentation shows to be copied: files, by their first line, and commands."""

import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
#: Where this environment's programs lie, such as `stillframe`.
PROGRAMS = Path(sys.executable).parent
FILE = re.compile(r"^```python\n(# (?P<name>[\w/]+\.py)\b.*?)^```$", re.MULTILINE | re.DOTALL)
CONSOLE = re.compile(r"^```console\n(?P<lines>.*?)^```$", re.MULTILINE | re.DOTALL)
ADDED = re.compile(r"# [\w/]+\.py: at its end\n")


def files_of(page: Path) -> dict[str, str]:
    """The page's files; one that it shows twice would make it unclear what to copy."""
    found = [(match["name"], match[1]) for match in FILE.finditer(page.read_text(encoding="utf-8"))]
    if len(dict(found)) < len(found):
        raise ValueError(f"{page.name} shows a file twice: {sorted(name for name, _ in found)}")
    return dict(found)


def commands_of(page: Path) -> list[list[str]]:
    """The commands of the page's consoles, without the comments behind them."""
    blocks = CONSOLE.finditer(page.read_text(encoding="utf-8"))
    lines = [line for block in blocks for line in block["lines"].splitlines()]
    return [shlex.split(line.removeprefix("$ "), comments=True) for line in lines]


def set_up(page: Path, folder: Path, **replaced: str) -> None:
    """Do what the page says before `Run it`: a new project where it wants one, then its files.

    Args:
        replaced: by the name of a file, without `.py`, what is to stand there in the place of `"emails"` or
            `"mailer"`: the names of a shared Kafka's topic and group.
    """
    for command in commands_of(page):
        if command[0] == "django-admin":
            subprocess.run(in_environment(command), cwd=folder, check=True, timeout=60)
    texts = files_of(page)
    for name, value in replaced.items():
        texts[f"{name}.py"] = re.sub('"emails"|"mailer"', f'"{value}"', texts[f"{name}.py"])
    write_files(texts, folder)


def in_environment(command: list[str]) -> list[str]:
    """The command by the programs of this environment."""
    program = PROGRAMS / command[0]
    return [str(program) if program.exists() else command[0], *command[1:]]


def write_files(files: Mapping[str, str], folder: Path) -> None:
    """Write each, or add it to the end of what is there where it says so."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text(encoding="utf-8") + "\n" if ADDED.match(text) else ""
        path.write_text(before + text, encoding="utf-8")

"""Builds the distributions as a release does, and installs them where nothing else is."""

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: Each distribution's folder; its package is `stillframe.<folder>`.
PARTS = ("schemas", "producer", "consumer")
VERSION: str = tomllib.loads((ROOT / "schemas" / "pyproject.toml").read_text())["project"]["version"]
#: The minor versions of Python that the distributions say they run on.
PYTHONS = ("3.11", "3.12", "3.13")


def build(root: Path, out: Path) -> Path:
    """Build all sdists and wheels of a checkout with the locked build backend; returns `out`."""
    for part in PARTS:
        run([sys.executable, "-m", "hatchling", "build", "-d", str(out)], cwd=root / part)
    return out


def copy_of_sources(folder: Path) -> Path:
    """The distributions' folders elsewhere, without version control, with other times."""
    for part in PARTS:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / part, folder / part, ignore=ignored, copy_function=shutil.copy)
    return folder


def python(version: str) -> str | None:
    """An interpreter of this minor version, if there is one: on the PATH, or of pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = [shutil.which(f"python{version}"), *sorted(map(str, pyenv.glob(f"versions/{version}*/bin/python")))]
    return next((each for each in (sys.executable, *found) if each and _version(each) == version), None)


def _version(interpreter: str) -> str:
    """Its minor version; pyenv leaves programs on the PATH that are none."""
    asked = "import sys; print('%d.%d' % sys.version_info[:2])"
    ran = subprocess.run([interpreter, "-c", asked], check=False, capture_output=True, text=True)
    return ran.stdout.strip()


def environment(
    folder: Path, interpreter: str, distributions: Path, wanted: Sequence[str], *, tools: bool = False
) -> Path:
    """A new virtual environment with these requirements, ours from the wheels alone, the others as locked;
    with `tools`, also all that the tests need. Returns its `bin`.
    """
    uv(["venv", "--quiet", "--python", interpreter, str(folder)])
    locked = folder / "locked.txt"
    uv([
        "export", "--quiet", "--frozen", "--all-packages", "--all-extras", "--no-emit-workspace", "--no-hashes",
        "--output-file", str(locked),
    ])  # fmt: skip
    uv([
        "pip", "install", "--quiet", "--python", str(folder / "bin" / "python"), "--find-links", str(distributions),
        "--only-binary", ":all:", "--requirements" if tools else "--constraints", str(locked), *wanted,
    ])  # fmt: skip
    return folder / "bin"


def uv(arguments: Sequence[str]) -> str:
    """The uv that `make` has brought."""
    return run([str(ROOT / ".uv" / "bin" / "uv"), *arguments], cwd=ROOT)


def run(command: Sequence[str], cwd: Path, **variables: str) -> str:
    """What a command prints; it must succeed."""
    ran = subprocess.run(
        command, cwd=cwd, env=bare(variables), check=False, capture_output=True, text=True, timeout=300
    )
    assert ran.returncode == 0, f"{command}\n{ran.stdout}\n{ran.stderr}"
    return ran.stdout


def bare(variables: Mapping[str, str]) -> dict[str, str]:
    """The tests' environment without what leads to this checkout, is set for Stillframe, or tells of our own make."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OURS)} | dict(variables)


OURS = ("PYTHONPATH", "VIRTUAL_ENV", "STILLFRAME_", "PYTEST_", "MAKE", "MFLAGS")


def files(folder: Path) -> Iterator[Path]:
    """All files below a folder, in order."""
    return (each for each in sorted(folder.rglob("*")) if each.is_file())

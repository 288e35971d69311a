"""What other frameworks need, each in an environment of its own below `.cache/`, made when first asked for."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
ENVIRONMENTS = ROOT / ".cache" / "bench"
UV = ROOT / ".uv" / "bin" / "uv"
INSTALL_TIMEOUT = 300
#: What our own modules need that a peer's process imports; pydantic is as new as the peer allows.
TASKS = ("pydantic>=2.13", "orjson")


class NotHere(RuntimeError):
    """A peer cannot be had on this machine; it says why."""


def environment(name: str, requirements: tuple[str, ...], *, python: tuple[int, int] = (3, 11)) -> Path:
    """The interpreter of an environment with these requirements.

    Args:
        python: the oldest that will do.

    Raises:
        NotHere: there is no such Python, or the packages cannot be installed.
    """
    wanted = (*requirements, *TASKS)
    folder = ENVIRONMENTS / name
    stamp = folder / f".made-{hashlib.sha256(repr(wanted).encode()).hexdigest()[:16]}"
    executable = folder / "bin" / "python"
    if not stamp.exists():
        shutil.rmtree(folder, ignore_errors=True)
        command("uv", UV, "venv", "--quiet", "--python", interpreter(python), folder)
        command(name, UV, "pip", "install", "--quiet", "--python", executable, *wanted)
        stamp.touch()
    return executable


def interpreter(oldest: tuple[int, int]) -> str:
    """The first that is new enough: ours, those on the path, pyenv's."""
    for each in interpreters():
        ask = [each, "-c", f"import sys; sys.exit(sys.version_info < {oldest})"]
        if subprocess.run(ask, capture_output=True, check=False).returncode == 0:
            return each
    raise NotHere(f"it needs Python {oldest[0]}.{oldest[1]} or newer")


def interpreters() -> Iterator[str]:
    yield sys.executable
    for minor in range(14, 10, -1):
        if found := shutil.which(f"python3.{minor}"):
            yield found
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted((str(each) for each in root.glob("versions/3.*/bin/python")), reverse=True)


def command(what: str, *words: str | Path) -> None:
    """Run it; what it says last is the reason if it fails."""
    try:
        ran = subprocess.run(
            [str(word) for word in words], capture_output=True, text=True, check=False, timeout=INSTALL_TIMEOUT
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotHere(f"{what} cannot be installed: {type(error).__name__}") from None
    if ran.returncode:
        said = [line.strip() for line in (ran.stdout + ran.stderr).splitlines() if line.strip()]
        raise NotHere(f"{what} cannot be installed: {said[-1][:160] if said else ran.returncode}")

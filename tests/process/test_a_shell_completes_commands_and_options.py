"""Once `stillframe --install-completion` was typed, the tab key completes commands and options, in each shell."""

import os
import pty
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.cli import PROGRAM, clean
from tests.waiting import wait_until

#: How each is started so that it reads what was installed into this home, and nothing of the machine's.
SHELLS = {"bash": ["--noprofile", "-i"], "zsh": ["-d", "-i"], "fish": ["-i"]}


class Terminal:
    """A shell that believes somebody is typing."""

    def __init__(self, shell: str, home: Path) -> None:
        self._end, theirs = pty.openpty()
        os.set_blocking(self._end, False)
        path = f"{Path(PROGRAM).parent}{os.pathsep}{os.environ['PATH']}"
        environment = clean({"HOME": str(home), "PATH": path, "TERM": "dumb", "PS1": "> "})
        self.process = subprocess.Popen(
            ["setsid", "--ctty", "--wait", shell, *SHELLS[shell]],
            stdin=theirs, stdout=theirs, stderr=theirs, cwd=home, env=environment,
        )  # fmt: skip
        os.close(theirs)
        self.shown = ""

    def type(self, keys: str, *, until: str) -> None:
        """Press keys, and wait until the terminal has shown that since."""
        os.write(self._end, keys.encode())
        self.shown = ""
        wait_until(lambda: until in self._read(), timeout=30, describe=f"{until!r} after {keys!r}")

    def _read(self) -> str:
        with suppress(BlockingIOError):
            self.shown += os.read(self._end, 65_536).decode(errors="replace").replace("\a", "")
        return self.shown

    def close(self) -> None:
        self.process.kill()
        self.process.wait(10)
        os.close(self._end)


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if shutil.which(name) is None:
        pytest.skip(f"there is no {name}")
    return name


@pytest.fixture
def terminal(shell: str, tmp_path: Path) -> Iterator[Terminal]:
    """A shell that was started after another one has installed the completion."""
    with closing(Terminal(shell, tmp_path)) as first:
        first.type("stillframe --install-completion\r", until="completion installed")
    with closing(Terminal(shell, tmp_path)) as second:
        yield second


def test_a_shell_completes_commands_and_options(terminal: Terminal, shell: str) -> None:
    # The first one in a zsh only loads what was installed.
    terminal.type("stillframe dl" + ("\t\t" if shell == "zsh" else "\t"), until="dlq ")
    terminal.type("redr\t", until="redrive ")
    terminal.type("--bootstr\t", until="--bootstrap-servers ")

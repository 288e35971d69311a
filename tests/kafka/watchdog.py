"""Take a broker along when the test process dies without a chance to clean up."""

import subprocess


class Watchdog:
    """A shell that waits for the end of a pipe which only this process holds open, then runs one command.

    The kernel closes the pipe however we die, kill -9 included. Linux's parent-death signal would be shorter,
    but it follows the *thread* that started the child: a broker restarted from a helper thread died with it.
    """

    def __init__(self, *last_will: str) -> None:
        """Start watching; `last_will` is the command that runs if this process goes first."""
        self._shell = subprocess.Popen(
            ["sh", "-c", 'read -r _; exec "$@"', "watchdog", *last_will],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the tests, which then clean up by themselves
        )

    def dismiss(self) -> None:
        """Stop watching without running the command."""
        self._shell.kill()
        self._shell.communicate()

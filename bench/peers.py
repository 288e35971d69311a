"""What other frameworks need, each in an environment of its own below `.cache/`."""


class NotHere(RuntimeError):
    """A peer cannot be had on this machine; it says why."""

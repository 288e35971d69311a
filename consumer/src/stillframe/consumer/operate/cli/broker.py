"""``stillframe broker``."""

from __future__ import annotations

import signal
import threading

from stillframe.consumer.operate.broker import LIMITS, EmbeddedBroker
from stillframe.consumer.operate.cli.options import AsJson


def broker(*, as_json: AsJson = False) -> None:
    """Run the broker inside librdkafka, for trying out: no installation, nothing on disk.

    It takes a free port and tells it in its first line; with --json that line is JSON. It runs until
    SIGINT or SIGTERM.
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with EmbeddedBroker() as embedded:
        address = embedded.bootstrap_servers
        if as_json:
            print(f'{{"bootstrap_servers":"{address}"}}', flush=True)
        else:
            print(f"export STILLFRAME_BOOTSTRAP_SERVERS={address}\n")
            print("Embedded broker:", *LIMITS, sep="\n- ", end="\n\nStop it with Ctrl-C.\n", flush=True)
        stop.wait()

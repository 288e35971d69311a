"""``python -m examples.demo``: exits 0 if the books balance, 1 if they don't, 2 if the demo could not run."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import time
from collections.abc import Sequence

from examples.demo.balance import faults
from examples.demo.children import DemoFailed
from examples.demo.crowd import Crowd
from examples.demo.run import run
from examples.demo.statement import statement, verdict
from examples.demo.view import View
from stillframe.schemas import StillframeError

EXIT_UNBALANCED = 1
EXIT_FAILED = 2
EXIT_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo and print its balance."""
    parser = argparse.ArgumentParser(prog="python -m examples.demo", description="The mailer example at work.")
    parser.add_argument("--requests", type=int, default=1_000, help="HTTP requests to send (default: 1000)")
    crowd, began = Crowd(parser.parse_args(arguments).requests), time.monotonic()
    # SIGTERM ends the demo as Ctrl-C does: in order.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with View() as view:
            books = asyncio.run(run(crowd, view))
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return EXIT_INTERRUPTED
    except (DemoFailed, StillframeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return EXIT_FAILED
    found = faults(books)
    refused = crowd.refused.total()
    for line in ["", *statement(books, refused), "", *verdict(found, time.monotonic() - began)]:
        print(line)
    return EXIT_UNBALANCED if found else 0


if __name__ == "__main__":
    sys.exit(main())

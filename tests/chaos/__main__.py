"""`python -m tests.chaos`: exit code 0 if every promise was kept, 1 if not."""

import shutil
import sys
import tempfile
from pathlib import Path

from tests.chaos.checker import check
from tests.chaos.conductor import Conductor
from tests.chaos.report import lines
from tests.chaos.settings import Settings
from tests.kafka import NoKafka, private_cluster


def main() -> int:
    """Play one run and judge it; the journals of a bad one stay for whoever wants to know why."""
    settings = Settings.from_environment()
    print(
        f"chaos: {settings.tasks} tasks at {settings.rate:g}/s, {settings.kills} kills, SEED={settings.seed}"
        + (", CONTROL=1: the naive consumer, which must fail" if settings.control else ""),
        flush=True,
    )
    folder = Path(tempfile.mkdtemp(prefix="stillframe-chaos-"))
    try:
        with private_cluster() as kafka:
            verdict = check(Conductor(settings, kafka, folder).play())
    except NoKafka as reason:
        print(f"error: {reason}", file=sys.stderr)
        return 2
    print("\n".join(lines(verdict)))
    if verdict.sound:
        shutil.rmtree(folder)
        return 0
    print(f"journals and logs: {folder}")
    return 1


if __name__ == "__main__":
    sys.exit(main())

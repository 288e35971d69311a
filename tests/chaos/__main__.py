"""`python -m tests.chaos`: exit code 0 if every promise was kept and every figure reached, 1 if not."""

import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from tests.chaos.checker import Verdict, check
from tests.chaos.conductor import Conductor
from tests.chaos.figures import figures
from tests.chaos.report import lines
from tests.chaos.schedule import NODES
from tests.chaos.settings import Scenario, Settings
from tests.kafka import NoKafka, private_cluster


def main() -> int:
    """Play one run and judge it; the journals of a bad one stay for whoever wants to know why."""
    settings = Settings.from_environment()
    print(f"chaos: {settings}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="stillframe-chaos-"))
    try:
        quiet = _quiet(settings, folder) if settings.scenario is Scenario.STORM else None
        verdict = _play(settings, folder)
    except NoKafka as reason:
        print(f"error: {reason}", file=sys.stderr)
        return 2
    reached = figures(settings, verdict, quiet)
    print("\n".join(lines(verdict, reached)))
    if verdict.sound and all(figure.reached for figure in reached):
        shutil.rmtree(folder)
        return 0
    print(f"journals and logs: {folder}")
    return 1


def _play(settings: Settings, folder: Path) -> Verdict:
    with private_cluster(NODES) as kafka:
        return check(Conductor(settings, kafka, folder, say=lambda line: print(line, flush=True)).play())


def _quiet(settings: Settings, folder: Path) -> Verdict:
    """The same load, undisturbed: what a storm is compared with."""
    print("first a quiet run of the same load", flush=True)
    (apart := folder / "quiet").mkdir()
    verdict = _play(replace(settings, scenario=Scenario.QUIET), apart)
    print("\n".join(lines(verdict)), "\n\nthen the storm", flush=True)
    return verdict


if __name__ == "__main__":
    sys.exit(main())

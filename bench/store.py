"""Where results lie: the files that a run writes, and those that were committed last."""

import json
import subprocess
from pathlib import Path

from bench.peers import ENVIRONMENTS
from bench.plot import plot
from bench.report import page
from bench.results import Moved, Results, moved
from bench.sides.table import SIDES

FOLDER = Path(__file__).with_name("results")
#: Of a part of it: nobody commits those.
ASIDE = ENVIRONMENTS / "results"
COMMITTED = "HEAD:./results/latest.json"


def committed() -> Results | None:
    """The last committed results; None outside a checkout, or where there are none."""
    command = ["git", "show", COMMITTED]
    shown = subprocess.run(command, cwd=FOLDER.parent, capture_output=True, text=True, check=False)
    return Results.of_json(json.loads(shown.stdout)) if shown.returncode == 0 else None


def write(results: Results, folder: Path) -> list[Moved] | None:
    """Write data, page and plot, and tell what has moved since the last committed results."""
    before = committed()
    changes = None if before is None else moved(before, results)
    titles = {name: side.title for name, side in SIDES.items()}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "latest.json").write_text(json.dumps(results.to_json(), indent=1) + "\n", encoding="utf-8")
    (folder / "latest.svg").write_text(plot(results), encoding="utf-8")
    (folder / "latest.md").write_text(page(results, titles, changes, "latest.svg"), encoding="utf-8")
    return changes

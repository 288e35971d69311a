"""What docs/ has from the code: `make generated` writes it, and a test holds that nothing there is out of date."""

from collections.abc import Mapping
from pathlib import Path

from tests.generated.promises import with_tests
from tests.generated.reference import reference
from tests.generated.schema import envelope_schema
from tests.generated.vectors import vectors

DOCS = Path(__file__).parents[2] / "docs"
#: What lies below these is generated: a file that nobody makes any more is out of date as well.
FOLDERS = ("reference", "wire-format")


def generated() -> Mapping[Path, str]:
    """Every generated file below docs/, and what it has to hold."""
    promises = (DOCS / "promises.md").read_text(encoding="utf-8")
    files = {
        "promises.md": with_tests(promises),
        "wire-format/envelope.schema.json": envelope_schema(),
        **reference(),
        **vectors(),
    }
    return {DOCS / name: text for name, text in files.items()}


def present() -> set[Path]:
    """The files that lie where generated ones do."""
    return {path for folder in FOLDERS for path in (DOCS / folder).rglob("*") if path.is_file()}

"""The files that a page of the documentation shows, as their first line names them."""

import re
from pathlib import Path

SHOWN = re.compile(r"^```python\n(# (?P<name>\w+\.py)\b.*?)^```$", re.MULTILINE | re.DOTALL)


def write_files(page: Path, folder: Path) -> list[str]:
    """Write what the page shows into `folder`; returns the files' names."""
    found = {match["name"]: match[1] for match in SHOWN.finditer(page.read_text())}
    for name, text in found.items():
        (folder / name).write_text(text)
    return sorted(found)

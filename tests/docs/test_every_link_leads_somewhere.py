"""Every link in the documentation leads to a file that is there, and to a heading that is in it; every page can be
reached from the README."""

from pathlib import Path

import pytest

from tests.docs.markdown import fault_of, links

ROOT = Path(__file__).parents[2]
#: Below no hidden folder: there lies what tools and tests leave behind.
PAGES = [path for path in ROOT.rglob("*.md") if not any(part[0] == "." for part in path.relative_to(ROOT).parts)]

#: Where others' schemas lie, each with a note of where they come from.
OTHERS = {("tests", "compose"), ("tests", "kubernetes")}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    assert {link: fault for link in links(page) if (fault := fault_of(link, page))} == {}


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, ahead = set[Path](), [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page in reached or page not in PAGES:
            continue
        reached.add(page)
        targets = [(page.parent / link.partition("#")[0]).resolve() for link in links(page) if ":" not in link]
        ahead += [target / "README.md" if target.is_dir() else target for target in targets]
    lost = [str(page.relative_to(ROOT)) for page in PAGES if page not in reached and page.parts[-4:-2] not in OTHERS]
    assert lost == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A `heading`, and more\n\n[a](#a-heading-and-more) [b](#b) [c](c.md) `[d](d.md)`\n")
    faults = {link: fault_of(link, page) for link in links(page)}
    assert faults == {"#a-heading-and-more": None, "#b": "there is no such heading", "c.md": "there is no such file"}

"""The page and the plot that a comparison writes."""

from xml.etree import ElementTree as ET

from bench.plot import plot
from bench.report import page
from bench.results import Measured, Moved, Results, Row, Spread

TITLES = {"stillframe": "ours", "peer": "another", "gone": "a third"}
RESULTS = Results(
    machine={"cores": "2"},
    versions={"Python": "3.11"},
    effort={"rounds": 2},
    rows=[
        Row("no-op", "stillframe", [Measured(900, 12, 100), Measured(1_100, 14, 110)], [0.05, 0.07], "L"),
        Row("no-op", "gone", not_run="needs | Java"),
        Row("10 ms", "peer", [Measured(1_568, 12, 100)], [0.98], "ceiling"),
    ],
    more={"Latency": [{"side": "ours", "p50, ms": 1.234}]},
)


def shown(changes: list[Moved] | None = None) -> list[str]:
    return page(RESULTS, TITLES, changes, "latest.svg").splitlines()


def test_a_row_has_median_spread_share_and_costs() -> None:
    """The share says of what."""
    assert "| `stillframe` | **1,000** | 900 … 1,100 | 0.060 L | 13.0 | 105 |" in shown()
    assert "| `peer` | **1,568** | 1,568 … 1,568 | 98% of the ceiling | 12.0 | 100 |" in shown()


def test_what_was_not_run_says_why() -> None:
    """Never left out in silence; a bar of its own in the reason breaks no table."""
    assert "| `gone` | not run: needs \\| Java | | | | |" in shown()


def test_each_scenario_is_a_table_and_each_side_is_explained() -> None:
    """So is what is measured besides."""
    lines = shown()
    assert [line for line in lines if line.startswith("### ")] == ["### no-op", "### 10 ms"]
    assert [line for line in lines if line.startswith("- ")] == [
        "- `stillframe`: ours", "- `gone`: a third", "- `peer`: another",
    ]  # fmt: skip
    assert "| ours | 1.23 |" in lines


def test_it_tells_what_has_moved() -> None:
    """Or that nothing has, or that there was nothing to compare with."""
    change = Moved("no-op", "stillframe", "L", Spread(0.05, 0.04, 0.06), Spread(0.5, 0.4, 0.6))
    assert "There were no results before these." in shown()
    assert "Nothing, beyond the spread." in shown([])
    (line,) = (line for line in shown([change]) if "before," in line)
    assert line == "- no-op: `stillframe`: 0.050 L (0.040 … 0.060) before, 0.500 L (0.400 … 0.600) now: better"


def test_the_plot_has_a_bar_for_each_side_that_ran() -> None:
    """As long as its median, to the scale of its scenario; no bar for what was not run."""
    root = ET.fromstring(plot(RESULTS))
    texts = [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == ["no-op", "stillframe", "1,000/s", "10 ms", "peer", "1,568/s"]
    _background, ours, peer = root.iter("{http://www.w3.org/2000/svg}rect")
    assert float(ours.attrib["width"]) < float(peer.attrib["width"])

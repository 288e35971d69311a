"""Deal out the layers of the tests; say in one line which of them ran, and on which broker."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

Item = TypeVar("Item")

#: Layers that keep a processor busy; the others mostly wait for a broker or a process.
COMPUTING = frozenset({"unit", "property", "typing"})
ORDER = ("unit", "property", "typing", "docs", "packages", "process", "faults", "broker", "chaos")


def layer_of(node_id: str) -> str:
    """Return the first folder below tests/: `tests/broker/x.py::test_y` belongs to broker."""
    return node_id.removeprefix("tests/").partition("/")[0]


def dealt(items: Sequence[Item], computes: Callable[[Item], bool]) -> list[Item]:
    """The items, of both kinds in their order, each kind spread evenly over the whole."""
    kinds = [[item for item in items if computes(item) is kind] for kind in (True, False)]
    places = [(number / len(kind), item) for kind in kinds for number, item in enumerate(kind)]
    return [item for _, item in sorted(places, key=lambda place: place[0])]


def describe(ran: Iterable[str], skipped: Iterable[str], kafka: str | None) -> str:
    """Count the tests of each layer by their ids; a layer that only skipped says so."""
    counts = Counter(map(layer_of, ran))
    idle = set(map(layer_of, skipped)) - set(counts)
    layers = [f"{layer} {counts[layer]}" for layer in counts] + [f"{layer} skipped" for layer in idle]
    if not layers:
        return "layers: none"
    on_broker = f" on Apache Kafka {kafka}" if kafka else ""
    return "layers: " + ", ".join(sorted(layers, key=_rank)) + on_broker


def _rank(described: str) -> tuple[int, str]:
    layer = described.partition(" ")[0]
    return (ORDER.index(layer) if layer in ORDER else len(ORDER), layer)

"""docs/reference/metrics.md."""

from stillframe.consumer.listeners import metric_names
from stillframe.consumer.listeners.metrics import BUCKETS, Metrics
from tests.generated.reference.markdown import code, codes, page, table

ABOUT = (
    "Where they are scraped, and the questions they answer: [the command line](../cli.md), [faults](../faults.md). "
    "Label values come from closed sets only: registered task types, topics and their partitions, and fixed words."
)


def metrics_page() -> str:
    """Every metric, its kind and labels from the registry of a worker."""
    families = sorted(Metrics("g").registry.collect(), key=lambda each: each.name)
    declared = _declared_labels()
    rows = [
        (
            code(each.name + "_total" if each.type == "counter" else each.name),
            each.type,
            codes(declared[each.name]),
            each.documentation + ".",
        )
        for each in families
    ]
    buckets = f"Buckets of the histogram, in seconds: {', '.join(map(str, BUCKETS))}."
    return page("Metrics", ABOUT, table(("metric", "kind", "labels", "what it says"), rows), buckets)


def _declared_labels() -> dict[str, tuple[str, ...]]:
    found = [each for each in vars(metric_names).values() if isinstance(each, metric_names.Metric)]
    return {each.name: each.labels for each in found}

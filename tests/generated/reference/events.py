"""docs/reference/events.md."""

import ast
import inspect
from collections.abc import Iterator
from typing import Final

from stillframe.consumer.listeners import lines
from tests.generated.reference.markdown import code, page, prose, table

ABOUT: Final = (
    "Listeners are given every event of a worker, `Worker(…, listeners=[…])`, in the thread in which it happens. The "
    "worker's log is one of them: a line of JSON for each event, at `log_level` and above. Every line has `event`, "
    "`level`, `timestamp` (UTC) and `group`. None has a payload, a key or a header's value."
)
EVENTS: Final = "Of `stillframe.consumer.events`; each is a dataclass, and is never changed."


def events_page() -> str:
    """Every event with its log line, and what a listener is given."""
    made = dict(_made())
    told = [(event, *made[event.__name__]) for event in lines.LINES]
    rows = [(code(name), level, _link(event), _sentence(event)) for event, level, name in told]
    return page(
        "Events and log lines", ABOUT,
        "## Log lines", table(("`event`", "`level`", "made of", "what has happened"), rows),
        "## Events", EVENTS, *map(_described, lines.LINES),
    )  # fmt: skip


def _link(event: type) -> str:
    return f"[{event.__name__}](#{event.__name__.lower()})"


def _sentence(event: type) -> str:
    """The first paragraph of its docstring."""
    return prose(inspect.getdoc(event)).partition("\n\n")[0]


def _described(event: type) -> str:
    fields = "\n".join(f"{name}: {kind}" for name, kind in inspect.get_annotations(event).items())
    shown = [f"```python\n{fields}\n```"] if fields else []
    return "\n\n".join([f"### {event.__name__}", *_about(event), *shown])


def _about(event: type) -> Iterator[str]:
    """Its docstring, the attributes as a list."""
    text, _, attributes = prose(inspect.getdoc(event)).partition("\n\nAttributes:\n")
    yield text
    if attributes:
        yield "\n".join(f"- {code(name)}: {says}" for name, says in _listed(attributes))


def _listed(attributes: str) -> Iterator[tuple[str, str]]:
    for entry in inspect.cleandoc(attributes).replace("\n    ", " ").splitlines():
        name, _, says = entry.strip().partition(": ")
        yield name, says


def _made() -> Iterator[tuple[str, tuple[str, str]]]:
    """Of each event's class: the level and the name of its line, as the code that makes it has them."""
    tree = ast.parse(inspect.getsource(lines))
    functions = {each.name: each for each in tree.body if isinstance(each, ast.FunctionDef)}
    table = next(
        each.value for each in tree.body if isinstance(each, ast.AnnAssign) and ast.unparse(each.target) == "LINES"
    )
    assert isinstance(table, ast.Dict)
    for event, maker in zip(table.keys, table.values, strict=True):
        body = functions[maker.id] if isinstance(maker, ast.Name) else maker
        yield ast.unparse(event or maker), _line(body)


def _line(maker: ast.AST) -> tuple[str, str]:
    """The level and the name that a function makes a line of; the level may depend on what happened."""
    for call in (each for each in ast.walk(maker) if isinstance(each, ast.Call)):
        match ast.unparse(call.func), call.args:
            case "Line", [ast.Constant(str(level)), ast.Constant(str(name)), *_]:
                return level, name
            case "Line", [_, ast.Constant(str(name)), *_]:
                return "by what happened", name
            case "_left", [ast.Constant(str(name)), *_]:
                return "info; warning, if tasks are left", name
    raise LookupError(f"no line is made in {ast.unparse(maker)}")

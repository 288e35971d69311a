"""docs/reference/python.md. The sources are read, not imported."""

from collections.abc import Iterator, Mapping
from itertools import takewhile
from pathlib import Path
from typing import Final

import griffe

from tests.generated.reference.markdown import codes, page, prose

ROOT: Final = Path(__file__).parents[3]
PARTS: Final = ("schemas", "producer", "consumer")
ABOUT: Final = (
    "The public names, by the module that they are imported from. What is not here may change with any release."
)
MODULES: Final = (
    "schemas",
    "producer",
    "producer.capture",
    "producer.asgi",
    "producer.wsgi",
    "producer.fastapi",
    "producer.flask",
    "producer.django",
    "producer.sqlalchemy",
    "producer.testing",
    "consumer",
    "consumer.testing",
)
#: Names that those signatures use, and nobody imports.
BESIDE: Final = {
    "producer": ("stillframe.producer.submission.ManyOptions", "stillframe.producer.submission.SubmitOptions")
}
#: Has a page of its own.
SETTINGS: Final = "stillframe.producer.settings.connection.ConnectionSettings"
#: A docstring's lists, as Google's style names them.
LISTS: Final = {
    griffe.DocstringSectionKind.parameters: "Takes",
    griffe.DocstringSectionKind.attributes: "Has",
    griffe.DocstringSectionKind.raises: "Raises",
}


def python_page() -> str:
    """Every public name of the packages: its signature, and what its docstring says."""
    loader = griffe.GriffeLoader(search_paths=[ROOT / part / "src" for part in PARTS])
    for part in PARTS:
        loader.load(f"stillframe.{part}")
    loader.resolve_aliases(implicit=True)
    at_home: dict[str, str] = {}
    return page(
        "Python", ABOUT, *(part for name in MODULES for part in _module(loader.modules_collection, name, at_home))
    )


def _module(all_of_them: griffe.ModulesCollection, name: str, at_home: dict[str, str]) -> Iterator[str]:
    """The module's own names; those that an earlier one has described are only listed."""
    module = all_of_them[f"stillframe.{name}"]
    yield f"## stillframe.{name}"
    public = {each: _behind(module[each]) for each in sorted(map(str, module.exports or ()), key=str.lower)}
    public |= {each.rpartition(".")[2]: all_of_them[each] for each in BESIDE.get(name, ())}
    seen = [_link(each) for each, found in public.items() if found.path in at_home]
    if seen:
        yield f"Also here: {', '.join(seen)}."
    for each, found in public.items():
        if at_home.setdefault(found.path, name) == name:
            yield from _described(each, found, at_home)


def _behind(member: griffe.Object | griffe.Alias) -> griffe.Object:
    return member.final_target if isinstance(member, griffe.Alias) else member


def _link(name: str) -> str:
    return f"[{name}](#{name.lower()})"


def _described(name: str, found: griffe.Object, at_home: Mapping[str, str]) -> Iterator[str]:
    yield f"### {name}"
    yield _declared(name, found)
    yield from _said(found)
    if isinstance(found, griffe.Class):
        yield from _inside(name, found, at_home)


def _inside(name: str, found: griffe.Class, at_home: Mapping[str, str]) -> Iterator[str]:
    """The members of a class, and of its bases that are not public; of the others only whose they are."""
    bases = [base for base in found.mro() if base.path.startswith("stillframe.")]
    if any(base.path == SETTINGS for base in bases):
        yield "Its fields: [settings](settings.md)."
        return
    told = [base.name for base in bases if base.path in at_home and any(map(_is_told, base.members.values()))]
    if told:
        yield f"With all that {', '.join(map(_link, told))} has."
    members: dict[str, griffe.Object | griffe.Alias] = {}
    for each in [found, *(base for base in bases if base.path not in at_home)]:
        members = dict(each.members) | members
    yield from (part for each in members.values() if _is_told(each) for part in _member(name, each))


def _is_told(member: griffe.Object | griffe.Alias) -> bool:
    """Whether it is a public method or property with something to say: attributes are in the class's docstring."""
    if not isinstance(member, griffe.Function | griffe.Attribute) or member.name.startswith("_"):
        return False
    return bool(member.docstring)


def _member(owner: str, found: griffe.Object | griffe.Alias) -> Iterator[str]:
    yield f"#### {owner}.{found.name}"
    yield _declared(found.name, _behind(found))
    yield from _said(_behind(found))


def _declared(name: str, found: griffe.Object) -> str:
    """As it stands in the code, without the body."""
    match found:
        case griffe.Function():
            declared = f"{'async ' if 'async' in found.labels else ''}def {found.signature()}"
        case griffe.Class():
            declared = "\n    ".join([_class(name, found), *_values(found)])
        case griffe.Attribute(annotation=None):
            declared = f"{name} = {found.value}"
        case griffe.Attribute():
            declared = f"{name}: {found.annotation}"
        case _:
            raise TypeError(f"{found.path} is a {found.kind}, which has no place here")
    return f"```python\n{declared}\n```"


def _class(name: str, found: griffe.Class) -> str:
    """With what it is made with, else with what it is made from."""
    signature = "" if _is_enum(found) else found.signature()
    if signature in {"", f"{name}()"}:
        bases = ", ".join(map(str, found.bases))
        return f"class {name}({bases})" if bases else f"class {name}"
    return f"class {signature}"


def _values(found: griffe.Class) -> Iterator[str]:
    if _is_enum(found):
        yield from (f"{each.name} = {each.value}" for each in found.attributes.values() if each.value is not None)


def _is_enum(found: griffe.Class) -> bool:
    return any(str(base).endswith("Enum") for base in found.bases)


def _said(found: griffe.Object) -> Iterator[str]:
    """The docstring's text, and its lists as lists; of a name that has none the comment above it."""
    if found.docstring is None:
        yield from _comment(found)
        return
    for section in found.docstring.parse("google", warnings=False):
        if section.kind in LISTS:
            yield f"{LISTS[section.kind]}:"
            yield "\n".join(_item(each) for each in section.value)
        elif isinstance(section.value, str):
            yield prose(section.value)


def _comment(found: griffe.Object) -> Iterator[str]:
    """The lines with `#:` right above it."""
    above = found.module.lines[: (found.lineno or 1) - 1]
    comment = list(takewhile(lambda line: line.startswith("#:"), reversed(above)))
    if comment:
        yield prose(" ".join(line.removeprefix("#: ") for line in reversed(comment)))


def _item(listed: griffe.DocstringElement) -> str:
    named = str(getattr(listed, "name", None) or listed.annotation).strip("()")
    return f"- {codes(named.split(', '))}: {' '.join(prose(listed.description).split())}"

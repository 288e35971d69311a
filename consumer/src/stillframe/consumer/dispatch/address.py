"""``module:qualname``: how another process finds a function or a class."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import reduce
from typing import Any

from stillframe.schemas import DefinitionError


@dataclass(frozen=True, slots=True)
class Address:
    """Where a function or class is found by its name."""

    module: str
    qualname: str

    @classmethod
    def of(cls, thing: Any, who: str) -> Address:
        """The address of what another process must find.

        Args:
            who: what it is, for the error.

        Raises:
            DefinitionError: it has none.
        """
        module, qualname = getattr(thing, "__module__", None), getattr(thing, "__qualname__", None)
        cure = "another process finds it by its name: make it a plain function or class at the top of a module"
        if module is None or qualname is None:
            raise DefinitionError(f"{who} is a {type(thing).__name__} without a name; {cure}")
        if "<" in qualname or "[" in qualname:
            raise DefinitionError(f"{who} is {qualname}, which is no name in its module; {cure}")
        if module == "__main__":
            raise DefinitionError(f"{who} is in __main__, the script itself; {cure}, and import that")
        return cls(module, qualname)

    def find(self) -> Any:
        """Import it.

        Raises:
            ImportError, AttributeError, or whatever the module itself raises.
        """
        return reduce(getattr, self.qualname.split("."), importlib.import_module(self.module))

    def check(self, thing: Any, who: str) -> None:
        """See that the address leads to this very thing.

        Raises:
            DefinitionError: it leads elsewhere, for instance to what another decorator has made of it.
        """
        try:
            found = self.find()
        except (ImportError, AttributeError):
            found = None
        if found is not thing:
            raise DefinitionError(
                f"{who}: {self.module}.{self.qualname} is something else; "
                "another process finds it by its name: let @worker.task be the outermost decorator"
            )

"""``module:attribute``, as uvicorn has it: how a command names a worker."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from stillframe.consumer.worker import Worker
from stillframe.schemas import DefinitionError


def load_worker(target: str) -> Worker:
    """Import a worker; the working directory is searched first.

    Raises:
        DefinitionError: the target is not of the form, does not exist, or is not a worker. An
            error inside the module itself comes out as it is: its traceback is the message.
    """
    module_name, _, attribute = target.partition(":")
    if not module_name or not attribute:
        raise DefinitionError(f"target {target!r} is not module:attribute: write for example app.worker:worker")
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not module_name.startswith(error.name):
            raise
        raise DefinitionError(
            f"no module {error.name!r} from {here}: run the command where it can be imported"
        ) from None
    found = getattr(module, attribute, None)
    if not isinstance(found, Worker):
        kind = "does not exist" if found is None else f"is a {type(found).__name__}, not a Worker"
        raise DefinitionError(f"{attribute!r} in module {module_name!r} {kind}")
    return found

"""Objects of the user's modules, imported by name; the current folder is on the path for them."""

from __future__ import annotations

import importlib
import os
import sys
from functools import reduce

from gramophone.core.errors import ModelError
from gramophone.providers.user_code import user_code_failure


def import_object(module: str, path: str) -> object:
    """Import a module, as `python -m` would from the current folder, and get an object of it.

    It runs the user's code, which may take any time: call it in a thread.

    Raises:
        ModelError: there is no such module or object, or the module fails.
    """
    folder = os.getcwd()
    if folder not in sys.path and "" not in sys.path:
        sys.path.insert(0, folder)
    try:
        imported = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{module}.".startswith(f"{error.name}."):
            raise ModelError(
                f"There is no module {error.name!r} in {folder} or in Python's environment; check "
                "the name, or change to its folder."
            ) from error
        raise ModelError(user_code_failure(f"The module {module}", error)) from error
    except Exception as error:
        raise ModelError(user_code_failure(f"The module {module}", error)) from error
    try:
        return reduce(getattr, path.split("."), imported)
    except AttributeError as error:
        raise ModelError(f"The module {module} has no {path!r}; check the name.") from error

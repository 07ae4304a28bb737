"""The models of a stand-in: their list, each of them, and the context that they have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote

from gramophone.standin.llm.dialects import ProviderDialect
from gramophone.standin.llm.media_body import MediaBody, json_body
from gramophone.standin.server.http import Request
from gramophone.wire.lenient_json import read_object
from gramophone.wire.llm.errors import RequestRefused, body
from gramophone.wire.llm.served_windows import ServedWindow

MODELS_PATH: Final = "/v1/models"
"""The path of the list of models, and above each of them."""

_USUAL_MODELS: Final = ("gramophone",)


class ServedModels:
    """The models by their names; without names, any name is one."""

    def __init__(
        self, names: tuple[str, ...], window: ServedWindow | None, *, strict: bool
    ) -> None:
        """Only a `strict` one refuses names that are not among its own."""
        self._names = names
        self._window = window
        self._strict = strict

    def fetch(self, dialect: ProviderDialect, request: Request) -> MediaBody:
        """The list of models, or the one whose name the path ends with.

        Raises:
            RequestRefused: there is no such model.
        """
        name = unquote(request.path[len(MODELS_PATH) + 1 :], errors="replace")
        window = self._window
        if not name:
            content = dialect.model_list(self._names or _USUAL_MODELS)
            return _with(content, window.add_to_list if window else None)
        self.check(dialect, name)
        return _with(dialect.model(name), window.add_to_model if window else None)

    def check(self, dialect: ProviderDialect, name: str) -> None:
        """Refuse a name that no model has.

        Raises:
            RequestRefused: there is no such model.
        """
        if self._strict and self._names and name not in self._names:
            raise RequestRefused(dialect.unknown_model(name))

    def elsewhere(self) -> dict[tuple[str, str], MediaBody]:
        """Bodies about the first model at other paths, by method and path."""
        if self._window is None:
            return {}
        paths = self._window.elsewhere((self._names or _USUAL_MODELS)[0])
        return {path: json_body(body(fields)) for path, fields in paths.items()}


def _with(content: bytes, add: Callable[[dict[str, Any]], None] | None) -> MediaBody:
    if add is None:
        return json_body(content)
    fields = read_object(content)
    add(fields)
    return json_body(body(fields))

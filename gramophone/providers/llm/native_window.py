"""The context window of a model at the addresses that servers have of their own.

Ollama, LM Studio, Gemini and older versions of llama.cpp do not tell it in their list of models.
Imported at the first use, because httpx takes long to import.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Final, TypeAlias
from urllib.parse import quote

from gramophone.core.errors import ModelError
from gramophone.providers.llm.endpoint_json import EndpointJson, asking
from gramophone.providers.llm.error_messages import ModelFailures
from gramophone.providers.llm.own_headers import HeaderPolicy
from gramophone.wire.llm.context_windows import (
    NO_WINDOW,
    ContextWindow,
    ServerKind,
    gemini_window,
    llamacpp_window,
    lmstudio_window,
    ollama_window,
)

_Ask: TypeAlias = Callable[[EndpointJson, str, str], Awaitable[ContextWindow]]
"""Asks a server at its root for a model."""


class NativeWindow:
    """Asks one endpoint for the windows of its models, as servers of its kind want it."""

    def __init__(self, base_url: str, failures: ModelFailures, headers: HeaderPolicy) -> None:
        self._base_url = base_url.rstrip("/")
        self._failures = failures
        self._headers = headers

    async def fetch(self, server: ServerKind, model: str) -> ContextWindow:
        """Fetch the window of a model; empty where the server does not tell it.

        Raises:
            ModelError: the server cannot be reached, or refuses it.
        """
        ask = _ASK.get(server)
        if ask is None:
            return NO_WINDOW
        headers = self._headers
        if server == "gemini":
            # Its own address takes the key in a header of its own alone.
            own = {"x-goog-api-key": headers.key} if headers.key else {}
            headers = replace(headers, key="", headers={**headers.headers, **own})
        root = self._base_url.removesuffix("/openai" if server == "gemini" else "/v1")
        async with asking(root, self._failures, headers) as endpoint:
            return await ask(endpoint, root, model)


async def _ask_llamacpp(server: EndpointJson, root: str, model: str) -> ContextWindow:
    return llamacpp_window(await server.get(f"{root}/props"))


async def _ask_lmstudio(server: EndpointJson, root: str, model: str) -> ContextWindow:
    return lmstudio_window(await server.get(f"{root}/api/v0/models"), model)


async def _ask_gemini(server: EndpointJson, root: str, model: str) -> ContextWindow:
    name = model.removeprefix("models/")
    return gemini_window(await server.get(f"{root}/models/{quote(name, safe='')}"))


async def _ask_ollama(server: EndpointJson, root: str, model: str) -> ContextWindow:
    show = await server.post(f"{root}/api/show", {"model": model})
    try:
        running = await server.get(f"{root}/api/ps")
    except ModelError:
        # Old versions have no such address.
        running = {}
    return ollama_window(show, running, model)


_ASK: Final[Mapping[ServerKind, _Ask]] = {
    "llamacpp": _ask_llamacpp,
    "lmstudio": _ask_lmstudio,
    "gemini": _ask_gemini,
    "ollama": _ask_ollama,
}

"""Context windows of models: by the list of their endpoint, else as their server tells them."""

from __future__ import annotations

from typing import Final, cast

from gramophone.app.model_lists import ModelLists
from gramophone.config.endpoints import Endpoint
from gramophone.core.errors import ModelError
from gramophone.wire.llm.context_windows import (
    NO_WINDOW,
    ContextWindow,
    ServerKind,
    listed_name,
)

KINDS_BY_NAME: Final[dict[str, ServerKind]] = {"ollama": "ollama", "lmstudio": "lmstudio"}
"""Kinds of presets, for lists that do not show it (Ollama's of models of one's own)."""


async def context_window(lists: ModelLists, endpoint: Endpoint, model: str) -> ContextWindow:
    """Find out how many tokens a model takes; empty where nobody tells, or nobody answers."""
    # A server of one's own is started again with another window more often than once a day; those
    # of services have certificates.
    is_own = endpoint.base_url.startswith("http:")
    known = await lists.listed(endpoint, refresh=is_own)
    if known is None:
        return NO_WINDOW
    name = listed_name(known.models, model)
    if tokens := known.windows.get(name):
        return ContextWindow(tokens, certain=True)
    server = cast("ServerKind", known.server) or KINDS_BY_NAME.get(endpoint.name, "")
    from gramophone.app.endpoint_clients import native_window_of

    try:
        return await native_window_of(endpoint).fetch(server, name or model)
    except ModelError:
        return NO_WINDOW

"""Context windows as each kind of server tells them, for a stand-in (read by `context_windows`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from gramophone.core.frozen import frozen
from gramophone.wire.lenient_json import as_list

Fields: TypeAlias = dict[str, Any]
Paths: TypeAlias = dict[tuple[str, str], Fields]
"""Bodies by method and path."""


@frozen
class ServedWindow:
    """A window of so many tokens, told as the `server` tells it: one of `WINDOW_SERVERS`."""

    tokens: int
    server: str

    def add_to_list(self, fields: Fields) -> None:
        """Add it to the models of a list."""
        for model in as_list(fields.get("data")):
            model.update(_IN_LIST[self.server](self.tokens))

    def add_to_model(self, fields: Fields) -> None:
        """Add it to a model that is asked for by its name."""
        fields.update(_IN_LIST[self.server](self.tokens))
        if self.server == _GEMINI:
            fields["inputTokenLimit"] = self.tokens

    def elsewhere(self, model: str) -> Paths:
        """Bodies about a model at paths that the server has for it."""
        make = _ELSEWHERE.get(self.server)
        return make(model, self.tokens) if make is not None else {}


_GEMINI: Final = "gemini"
_IN_LIST: Final[Mapping[str, Callable[[int], Fields]]] = {
    "llamacpp": lambda tokens: {
        "owned_by": "llamacpp",
        "meta": {"n_ctx": tokens, "n_ctx_train": 4 * tokens},
    },
    "llamacpp-old": lambda tokens: {"owned_by": "llamacpp", "meta": {"n_ctx_train": 4 * tokens}},
    "vllm": lambda tokens: {"owned_by": "vllm", "max_model_len": tokens},
    "openrouter": lambda tokens: {"context_length": tokens},
    "groq": lambda tokens: {"owned_by": "Meta", "context_window": tokens},
    "mistral": lambda tokens: {"owned_by": "mistralai", "max_context_length": tokens},
    "anthropic": lambda tokens: {"max_input_tokens": tokens},
    "lmstudio": lambda tokens: {"owned_by": "organization_owner"},
    "ollama": lambda tokens: {"owned_by": "library"},
    _GEMINI: lambda tokens: {"owned_by": "google"},
}

WINDOW_SERVERS: Final = tuple(_IN_LIST)
"""Kinds of servers; `llamacpp-old` has the window of the training alone in its list."""


def _llamacpp(model: str, tokens: int) -> Paths:
    props = {"default_generation_settings": {"n_ctx": tokens}, "model_alias": model}
    return {("GET", "/props"): props}


def _lmstudio(model: str, tokens: int) -> Paths:
    loaded = {
        "id": model,
        "object": "model",
        "type": "llm",
        "state": "loaded",
        "max_context_length": 4 * tokens,
        "loaded_context_length": tokens,
    }
    return {("GET", "/api/v0/models"): {"object": "list", "data": [loaded]}}


def _ollama(model: str, tokens: int) -> Paths:
    """A model that runs with this window, and could have four times of it."""
    info = {"general.architecture": "llama", "llama.context_length": 4 * tokens}
    running = {"name": model, "model": model, "context_length": tokens}
    return {
        ("POST", "/api/show"): {"parameters": 'stop "<|eot_id|>"', "model_info": info},
        ("GET", "/api/ps"): {"models": [running]},
    }


_ELSEWHERE: Final[Mapping[str, Callable[[str, int], Paths]]] = {
    "llamacpp": _llamacpp,
    "llamacpp-old": _llamacpp,
    "lmstudio": _lmstudio,
    "ollama": _ollama,
}

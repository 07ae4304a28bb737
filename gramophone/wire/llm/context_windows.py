"""Context windows: where each kind of server tells how many tokens a model takes.

Many tell it in their list of models (`listed_window`). Ollama, LM Studio, Gemini and older versions
of llama.cpp do not, but have an address of their own for it, which is asked only where the list
shows that it is such a server (`kind_of`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

from gramophone.core.frozen import frozen
from gramophone.wire.lenient_json import as_list, as_object, as_text

MOST_CONTEXT_TOKENS: Final = 10**9
_MOST_PARAMETER_CHARS: Final = 100_000

ServerKind: TypeAlias = Literal["", "llamacpp", "lmstudio", "ollama", "gemini"]
"""Kind of a server that may tell a window besides in its list; "" for all others."""

_KIND_OF_OWNER: Final[Mapping[str, ServerKind]] = {
    "llamacpp": "llamacpp",
    "organization_owner": "lmstudio",
    "library": "ollama",
    "google": "gemini",
}
"""Kinds by `owned_by` of a listed model."""

_LIST_FIELDS: Final = (
    "max_model_len",
    "context_length",
    "context_window",
    "max_context_length",
    "max_input_tokens",
)
"""Names of the window in lists: vLLM's, OpenRouter's, Groq's, Mistral's and Anthropic's."""


@frozen
class ContextWindow:
    """Tokens that a request and its answer may have together; None where the server does not tell.

    `certain` is False where it is the most that the model could take: the server may have loaded
    it, or may load it, with less.
    """

    tokens: int | None = None
    certain: bool = False


NO_WINDOW: Final = ContextWindow()


def listed_window(model: Mapping[str, Any]) -> ContextWindow:
    """The window in an item of `GET …/models`."""
    meta = as_object(model.get("meta"))
    if (tokens := _tokens(meta.get("n_ctx"))) is not None:
        return ContextWindow(tokens, certain=True)
    for name in _LIST_FIELDS:
        if (tokens := _tokens(model.get(name))) is not None:
            return ContextWindow(tokens, certain=True)
    return ContextWindow(_tokens(meta.get("n_ctx_train")))


def kind_of(model: Mapping[str, Any]) -> ServerKind:
    """The kind of the server that lists this model."""
    return _KIND_OF_OWNER.get(as_text(model.get("owned_by")), "")


def llamacpp_window(props: Mapping[str, Any]) -> ContextWindow:
    """The window in llama.cpp's `GET /props`."""
    tokens = _tokens(as_object(props.get("default_generation_settings")).get("n_ctx"))
    return ContextWindow(tokens, certain=tokens is not None)


def lmstudio_window(models: Mapping[str, Any], name: str) -> ContextWindow:
    """The window of a model in LM Studio's `GET /api/v0/models`."""
    model = _named(as_list(models.get("data")), "id", name)
    if (tokens := _tokens(model.get("loaded_context_length"))) is not None:
        return ContextWindow(tokens, certain=True)
    return ContextWindow(_tokens(model.get("max_context_length")))


def gemini_window(model: Mapping[str, Any]) -> ContextWindow:
    """The window in Gemini's own description of a model."""
    tokens = _tokens(model.get("inputTokenLimit"))
    return ContextWindow(tokens, certain=tokens is not None)


def ollama_window(show: Mapping[str, Any], running: Mapping[str, Any], name: str) -> ContextWindow:
    """The window of a model by Ollama's `POST /api/show` and `GET /api/ps`.

    The parameter `num_ctx` of the model holds, else the size with which it runs. Where there is
    neither, Ollama decides when it loads the model, and only the model's own limit is known.
    """
    info = as_object(show.get("model_info"))
    limits = [_tokens(value) for key, value in info.items() if key.endswith(".context_length")]
    limit = min((tokens for tokens in limits if tokens is not None), default=None)
    loaded = _named(as_list(running.get("models")), "model", name)
    tokens = _num_ctx(as_text(show.get("parameters"))) or _tokens(loaded.get("context_length"))
    if tokens is None:
        return ContextWindow(limit)
    return ContextWindow(min(tokens, limit or tokens), certain=True)


def listed_name(names: Sequence[str], name: str) -> str:
    """The name by which a server lists a model that is asked for as `name`; empty if it does not.

    Ollama adds `:latest`, Gemini begins with `models/`; llama.cpp has one model, and answers with
    it whatever the name.
    """
    for listed in (name, f"{name}:latest", f"models/{name}"):
        if listed in names:
            return listed
    return names[0] if len(names) == 1 else ""


def _named(models: Sequence[object], key: str, name: str) -> dict[str, Any]:
    by_name = {as_text(as_object(model).get(key)): as_object(model) for model in models}
    for listed in (name, f"{name}:latest"):
        if listed in by_name:
            return by_name[listed]
    return {}


def _num_ctx(parameters: str) -> int | None:
    """The parameter of this name among the lines of a Modelfile's parameters."""
    for line in parameters[:_MOST_PARAMETER_CHARS].splitlines():
        words = line.split(None, 2)
        if len(words) == 2 and words[0] == "num_ctx" and _is_number(words[1]):
            return _tokens(int(words[1]))
    return None


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) <= len(str(MOST_CONTEXT_TOKENS))


def _tokens(value: object) -> int | None:
    """A number of tokens; None for anything else. Anthropic writes 0 where there is no limit."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MOST_CONTEXT_TOKENS:
        return value
    return None

"""Where servers tell the context window of a model, and what they tell instead."""

from __future__ import annotations

from typing import Any

import pytest

from gramophone.wire.llm.context_windows import (
    NO_WINDOW,
    ContextWindow,
    gemini_window,
    kind_of,
    listed_name,
    listed_window,
    llamacpp_window,
    lmstudio_window,
    ollama_window,
)


def certain(tokens: int) -> ContextWindow:
    return ContextWindow(tokens, certain=True)


@pytest.mark.parametrize(
    ("model", "window"),
    [
        ({"meta": {"n_ctx": 4096, "n_ctx_train": 131_072}}, certain(4096)),
        ({"meta": {"n_ctx_train": 131_072}}, ContextWindow(131_072)),
        ({"max_model_len": 32_768}, certain(32_768)),
        ({"context_length": 2_000_000, "top_provider": {}}, certain(2_000_000)),
        ({"context_window": 131_072}, certain(131_072)),
        ({"max_context_length": 32_000}, certain(32_000)),
        ({"max_input_tokens": 200_000, "max_tokens": 64_000}, certain(200_000)),
        ({"max_model_len": None, "context_length": 8192}, certain(8192)),
        ({"max_input_tokens": 0}, NO_WINDOW),
        ({"context_length": "8192"}, NO_WINDOW),
        ({"context_length": True}, NO_WINDOW),
        ({"context_length": 8192.0}, NO_WINDOW),
        ({"context_length": -1}, NO_WINDOW),
        ({"context_length": 10**400}, NO_WINDOW),
        ({"meta": [4096]}, NO_WINDOW),
        ({}, NO_WINDOW),
    ],
)
def test_lists(model: dict[str, Any], window: ContextWindow) -> None:
    assert listed_window(model) == window


def test_kinds_of_servers() -> None:
    owners = ["llamacpp", "organization_owner", "library", "google", "vllm", 7]
    kinds = [kind_of({"owned_by": owner}) for owner in owners]
    assert kinds == ["llamacpp", "lmstudio", "ollama", "gemini", "", ""]


@pytest.mark.parametrize(
    ("parameters", "context_length", "running", "window"),
    [
        ('stop    "<|eot|>"\nnum_ctx    8192', 131_072, {}, certain(8192)),
        ("num_ctx 262144", 131_072, {}, certain(131_072)),
        ("num_ctx 8192", 131_072, {"context_length": 4096}, certain(8192)),
        ("", 131_072, {"context_length": 4096}, certain(4096)),
        ("", None, {"context_length": 4096}, certain(4096)),
        ("", 131_072, {}, ContextWindow(131_072)),
        ("num_ctx", 131_072, {}, ContextWindow(131_072)),
        ("num_ctx many", 131_072, {}, ContextWindow(131_072)),
        ("num_ctx ²", 131_072, {}, ContextWindow(131_072)),
        ("num_ctx " + "9" * 10_000, 131_072, {}, ContextWindow(131_072)),
        ("", None, {}, NO_WINDOW),
    ],
    ids=range(11),
)
def test_ollama(
    parameters: str, context_length: int | None, running: dict[str, Any], window: ContextWindow
) -> None:
    info = {"general.architecture": "llama", "llama.context_length": context_length}
    show = {"parameters": parameters, "model_info": info}
    models = {"models": [{"model": "other", "context_length": 9}, {"model": "m:latest", **running}]}
    assert ollama_window(show, models, "m") == window


@pytest.mark.parametrize("answer", [{}, {"models": 7, "model_info": 7, "data": [7, "m", None]}])
def test_answers_of_another_form(answer: dict[str, Any]) -> None:
    assert ollama_window(answer, answer, "m") == NO_WINDOW
    assert lmstudio_window(answer, "m") == NO_WINDOW
    assert llamacpp_window(answer) == NO_WINDOW
    assert gemini_window(answer) == NO_WINDOW


def test_lm_studio_tells_what_is_loaded() -> None:
    model = {"id": "m", "max_context_length": 131_072}
    assert lmstudio_window({"data": [model]}, "m") == ContextWindow(131_072)
    loaded = {**model, "loaded_context_length": 4096}
    assert lmstudio_window({"data": [loaded]}, "m") == certain(4096)
    assert lmstudio_window({"data": [loaded]}, "other") == NO_WINDOW


def test_llama_cpp_and_gemini() -> None:
    assert llamacpp_window({"default_generation_settings": {"n_ctx": 512}}) == certain(512)
    assert gemini_window({"inputTokenLimit": 1_048_576}) == certain(1_048_576)


@pytest.mark.parametrize(
    ("names", "name", "listed"),
    [
        (["a", "b"], "a", "a"),
        (["a:latest", "a:1b"], "a", "a:latest"),
        (["models/a", "models/b"], "a", "models/a"),
        (["gguf"], "whatever", "gguf"),
        (["a", "b"], "c", ""),
        ([], "c", ""),
    ],
)
def test_names_that_servers_change(names: list[str], name: str, listed: str) -> None:
    assert listed_name(names, name) == listed

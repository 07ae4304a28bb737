"""The three adapters on a server that is not ours: llama.cpp's, which speaks all protocols."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gramophone.app.endpoint_clients import (
    model_list_of,
    native_pictures_of,
    native_window_of,
)
from gramophone.config.endpoints import Endpoint
from gramophone.core.errors import PicturesRefused
from gramophone.ports.language_model import LanguageModel, Message
from gramophone.providers.engine_process import EngineProcess
from gramophone.providers.llm.anthropic_messages import AnthropicMessages
from gramophone.providers.llm.llama_server import CONTEXT_TOKENS
from gramophone.providers.llm.openai_chat import OpenAIChat
from gramophone.providers.llm.openai_responses import OpenAIResponses
from gramophone.wire.llm.context_windows import ContextWindow
from tests.support.model_contract import QUESTION, chunks_of, closing, text_of
from tests.support.picture_files import picture

MOST_TOKENS = 8
READ_TIMEOUT_S = 300.0


def adapters(base_url: str) -> list[LanguageModel]:
    """An adapter a protocol, for the server at this address of OpenAI's protocols."""
    options: dict[str, Any] = {
        "api_key": "none",
        "max_tokens": MOST_TOKENS,
        "read_timeout_s": READ_TIMEOUT_S,
    }
    return [
        OpenAIChat("m", base_url=base_url, **options),
        OpenAIResponses("m", base_url=base_url, **options),
        AnthropicMessages("m", base_url=base_url.removesuffix("/v1"), **options),
    ]


async def check(model: LanguageModel) -> None:
    """Ask a second question, and check all that is known of any answer."""
    history = (*QUESTION, Message("assistant", "Hello."), Message("user", "And again."))
    chunks = await chunks_of(model, history)
    assert text_of(chunks).strip()
    assert len([chunk for chunk in chunks if chunk.text]) > 1, "it streams"
    assert all(isinstance(json.loads(chunk.raw), dict) for chunk in chunks if chunk.raw)
    usage = [chunk.usage for chunk in chunks if chunk.usage is not None]
    assert usage[-1].input_tokens >= MOST_TOKENS >= usage[-1].output_tokens > 0
    (reason,) = [chunk.finish_reason for chunk in chunks if chunk.finish_reason]
    assert reason in {"length", "max_tokens", "max_output_tokens", "completed", "stop", "end_turn"}


async def check_window(base_url: str) -> None:
    """The server's list, and its own address for it, tell the window that it was started with."""
    endpoint = Endpoint(name="mine", title="mine", base_url=base_url)
    window = ContextWindow(CONTEXT_TOKENS, certain=True)
    (model,) = await model_list_of(endpoint).fetch()
    assert (model.server, model.window) == ("llamacpp", window)
    assert await native_window_of(endpoint).fetch("llamacpp", model.id) == window
    assert model.pictures is False
    assert await native_pictures_of(endpoint).fetch("llamacpp", model.id) is False


async def check_pictures(model: LanguageModel) -> None:
    """Show a picture to the model, which takes none."""
    with pytest.raises(PicturesRefused, match=r"refused the picture .* takes none"):
        await chunks_of(model, [Message("user", "What is this?", pictures=(picture(),))])


@pytest.mark.engines
async def test_all_protocols_of_one_server() -> None:
    server = EngineProcess(
        "The server", "gramophone.providers.llm.llama_server", [], lambda detail: None
    )
    try:
        ready = await server.start()
        base_url = str(ready["base_url"])
        await check_window(base_url)
        for adapter in adapters(base_url):
            async with closing(adapter) as model:
                await check(model)
                await check_pictures(model)
    finally:
        await server.aclose()

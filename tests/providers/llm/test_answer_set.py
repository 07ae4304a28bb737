"""Every adapter on the same set of answers, through its official SDK and over real sockets."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from fixtures.answers import Case, cases, events_of
from gramophone.core.errors import ModelError
from gramophone.ports.language_model import LanguageModel, ModelChunk, Usage
from gramophone.providers.llm.anthropic_messages import AnthropicMessages
from gramophone.providers.llm.openai_chat import OpenAIChat
from gramophone.providers.llm.openai_responses import OpenAIResponses
from tests.support.model_contract import KEY, calls_in, chunks_of, closing, read, text_of
from tests.support.model_servers import (
    JSON,
    OPENAI_DONE,
    Reply,
    anthropic_event,
    openai_event,
    responses_event,
    serving,
)


def chat_model(origin: str) -> LanguageModel:
    return OpenAIChat("m", api_key=KEY, base_url=f"{origin}/v1")


def messages_model(origin: str) -> LanguageModel:
    return AnthropicMessages("m", api_key=KEY, base_url=origin)


def responses_model(origin: str) -> LanguageModel:
    return OpenAIResponses("m", api_key=KEY, base_url=f"{origin}/v1")


MODELS: dict[str, Callable[[str], LanguageModel]] = {
    "chat": chat_model,
    "messages": messages_model,
    "responses": responses_model,
}
WIRE: dict[str, Callable[[dict[str, Any]], bytes]] = {
    "chat": openai_event,
    "messages": anthropic_event,
    "responses": responses_event,
}
CASES = [
    pytest.param(protocol, case, id=f"{protocol}-{case['name']}")
    for protocol in MODELS
    for case in cases(protocol)
]


def reply_of(protocol: str, case: Case) -> Reply:
    """The answer of a case as a server sends it; a whole body is laid out over several lines."""
    if "whole" in case:
        return Reply([json.dumps(case["whole"], indent=1).encode()], content_type=JSON)
    wire = WIRE[protocol]
    done = [OPENAI_DONE] if case.get("done") else []
    return Reply([*map(wire, case["events"]), *done])


async def answer_of(protocol: str, case: Case) -> tuple[list[ModelChunk], str]:
    """The chunks of an answer, and the sentence of its failure."""
    chunks: list[ModelChunk] = []
    async with (
        serving(reply_of(protocol, case)) as server,
        closing(MODELS[protocol](server.origin)) as model,
    ):
        try:
            await read(model, chunks.append)
        except ModelError as error:
            return chunks, str(error)
    return chunks, ""


def is_handed_on(event: dict[str, Any]) -> bool:
    """Whether the SDK gives an event to the adapter."""
    return event.get("type") != "ping" and "error" not in event


@pytest.mark.parametrize(("protocol", "case"), CASES)
async def test_an_answer_becomes_chunks(protocol: str, case: Case) -> None:
    chunks, failure = await answer_of(protocol, case)
    retraction = next((n for n, chunk in enumerate(chunks) if chunk.retracts), 0)
    assert text_of(chunks[:retraction]) == case.get("retracted", "")
    assert text_of(chunks[retraction:]) == case["text"]
    assert any(chunk.unclosed for chunk in chunks) == case.get("unclosed", False)
    assert "".join(chunk.thought for chunk in chunks) == case.get("thought", "")
    assert any(chunk.refuses for chunk in chunks) == case.get("refusal", False)
    assert calls_in(chunks) == case.get("calls", [])
    items = [json.loads(chunk.give_back) for chunk in chunks if chunk.give_back]
    assert items == case.get("give_back", [])
    usage = [chunk.usage for chunk in chunks if chunk.usage]
    assert usage[-1:] == ([Usage(*case["usage"])] if "usage" in case else [])
    reasons = [chunk.finish_reason for chunk in chunks if chunk.finish_reason]
    assert reasons == ([case["finish"]] if case.get("finish") else [])
    raw = [json.loads(chunk.raw) for chunk in chunks if chunk.raw]
    assert raw == [event for event in events_of(case) if is_handed_on(event)]
    assert case.get("error", "") in failure
    assert bool(failure) == ("error" in case)


async def test_an_endpoint_whose_thoughts_are_only_closed_is_remembered() -> None:
    case = next(case for case in cases("chat") if case["name"] == "think-tag-only-closed")
    async with (
        serving(reply_of("chat", case), reply_of("chat", case)) as server,
        closing(chat_model(server.origin)) as model,
    ):
        await chunks_of(model)
        chunks = await chunks_of(model)
    assert not any(chunk.retracts for chunk in chunks)
    assert "".join(chunk.thought for chunk in chunks) == "Let me see.\n"
    assert text_of(chunks) == "Hello."

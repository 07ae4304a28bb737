"""Anthropic's Messages through the official SDK, against a double on loopback."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gramophone.ports.language_model import Message, Usage
from gramophone.providers.llm.anthropic_messages import DEFAULT_MAX_TOKENS, AnthropicMessages
from gramophone.providers.llm.endpoint_options import EndpointOptions
from tests.support.clocks import SkippingClock
from tests.support.model_contract import (
    KEY,
    QUESTION,
    Provider,
    ScriptedContract,
    chunks_of,
    closing,
    failure,
    own_items,
    reply_of,
    text_of,
)
from tests.support.model_failures import FailingContract
from tests.support.model_servers import Reply, anthropic_event, anthropic_events, serving


class AnthropicWords:
    name = "Anthropic"
    key_name = "ANTHROPIC_API_KEY"
    path = "/v1/messages"
    finish_reason = "end_turn"
    history = "messages"

    def model(self, origin: str, *, key: str = KEY, **options: Any) -> AnthropicMessages:
        return AnthropicMessages("claude-haiku-4-5", api_key=key, base_url=origin, **options)

    def answer(self, *texts: str) -> list[dict[str, Any]]:
        return anthropic_events(*texts)

    def wire(self, data: dict[str, Any]) -> bytes:
        return anthropic_event(data)

    def ending(self) -> list[bytes]:
        return []

    def visible(self, data: dict[str, Any]) -> bool:
        return data["type"] != "ping"

    def error_in_stream(self, message: str) -> bytes:
        error = {"type": "overloaded_error", "message": message}
        return anthropic_event({"type": "error", "error": error, "request_id": "req_01"})

    def refusal(self, kind: str, message: str) -> bytes:
        return json.dumps({"type": "error", "error": {"type": kind, "message": message}}).encode()


class TestAnthropicMessages(ScriptedContract, FailingContract):
    @pytest.fixture
    def provider(self) -> Provider:
        return AnthropicWords()

    async def test_what_anthropic_is_asked(self) -> None:
        words = AnthropicWords()
        async with (
            serving(reply_of(words, "Hi")) as server,
            closing(words.model(server.origin)) as model,
        ):
            await chunks_of(model, system_prompt="Be brief.")
        (request,) = server.requests
        assert request.body["system"] == "Be brief."
        assert request.body["max_tokens"] == DEFAULT_MAX_TOKENS
        assert "temperature" not in request.body
        assert request.headers["anthropic-version"] == "2026-10-21"
        assert "x-api-key" not in request.headers

    async def test_events_without_names_are_read(self) -> None:
        words = AnthropicWords()
        events = [f"data: {json.dumps(event)}\n\n".encode() for event in words.answer("Hel", "lo")]
        error = {"type": "error", "error": {"type": "overloaded_error", "message": "Busy"}}
        failing = [*events[:4], f"data: {json.dumps(error)}\n\n".encode()]
        async with (
            serving(Reply(events), Reply(failing)) as server,
            closing(words.model(server.origin)) as model,
        ):
            chunks = await chunks_of(model)
            assert text_of(chunks) == "Hello"
            assert [chunk.finish_reason for chunk in chunks if chunk.finish_reason] == ["end_turn"]
            assert "Busy" in await failure(model)

    async def test_signed_thoughts_go_back_as_they_came(self) -> None:
        words = AnthropicWords()
        thought = '{"type":"thinking","thinking":"Hm.","signature":"EqQB"}'
        items = (thought, '{"type":"reasoning"}', "{")
        async with (
            serving(reply_of(words, "Hi")) as server,
            closing(words.model(server.origin)) as model,
        ):
            answer = Message("assistant", "Hello.", give_back=own_items(model, *items))
            await chunks_of(model, (*QUESTION, answer, *QUESTION))
        content = [message["content"] for message in server.requests[0].body["messages"]]
        text = {"type": "text", "text": "Hello."}
        assert content == ["Say hello.", [json.loads(thought), text], "Say hello."]

    async def test_the_limit_can_be_set(self) -> None:
        words = AnthropicWords()
        async with (
            serving(reply_of(words, "Hi")) as server,
            closing(words.model(server.origin, max_tokens=7)) as model,
        ):
            await chunks_of(model)
        assert server.requests[0].body["max_tokens"] == 7

    async def test_thoughts_are_not_spoken(self) -> None:
        events = anthropic_events("Hel", "lo", thinking="Let me think.", usage=(21, 3))
        async with (
            serving(Reply([*map(anthropic_event, events)])) as server,
            closing(AnthropicWords().model(server.origin)) as model,
        ):
            chunks = await chunks_of(model)
        assert text_of(chunks) == "Hello"
        assert any("Let me think." in chunk.raw for chunk in chunks), "but they are kept"
        assert [chunk.usage for chunk in chunks if chunk.usage] == [Usage(21, 3)]

    async def test_a_known_error_inside_the_stream_is_a_refusal(self) -> None:
        error = {"type": "rate_limit_error", "message": "too fast"}
        refusals = [Reply([anthropic_event({"type": "error", "error": error})])] * 3
        options = EndpointOptions(clock=SkippingClock())
        async with (
            serving(*refusals) as server,
            closing(AnthropicWords().model(server.origin, options=options)) as model,
        ):
            assert (await failure(model)).startswith(
                "Anthropic refused the request (429: too fast)"
            )

    async def test_the_environment_does_not_bring_another_key(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "another")
        monkeypatch.setenv("ANTHROPIC_API_KEY", "another")
        words = AnthropicWords()
        async with (
            serving(reply_of(words, "Hi")) as server,
            closing(words.model(server.origin)) as model,
        ):
            await chunks_of(model)
        assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"

"""OpenAI's Responses through the official SDK, against a double on loopback."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gramophone.core.model_settings import ModelSettings
from gramophone.ports.language_model import Message
from gramophone.providers.llm.endpoint_options import EndpointOptions
from gramophone.providers.llm.openai_responses import OpenAIResponses
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
)
from tests.support.model_failures import FailingContract
from tests.support.model_servers import Reply, responses_event, responses_events, serving


class ResponsesWords:
    name = "OpenAI"
    key_name = "OPENAI_API_KEY"
    path = "/v1/responses"
    finish_reason = "completed"
    history = "input"

    def model(self, origin: str, *, key: str = KEY, **options: Any) -> OpenAIResponses:
        return OpenAIResponses("gpt-5-mini", api_key=key, base_url=f"{origin}/v1", **options)

    def answer(self, *texts: str) -> list[dict[str, Any]]:
        return responses_events(*texts)

    def wire(self, data: dict[str, Any]) -> bytes:
        return responses_event(data)

    def ending(self) -> list[bytes]:
        return []

    def visible(self, data: dict[str, Any]) -> bool:
        return bool(data)

    def error_in_stream(self, message: str) -> bytes:
        error = {"code": "server_error", "message": message, "param": None}
        return responses_event({"type": "error", **error, "sequence_number": 4})

    def refusal(self, kind: str, message: str) -> bytes:
        error = {"message": message, "type": kind, "code": None, "param": None}
        return json.dumps({"error": error}).encode()


class TestOpenAIResponses(ScriptedContract, FailingContract):
    @pytest.fixture
    def provider(self) -> Provider:
        return ResponsesWords()

    async def test_nothing_is_stored_on_the_server(self) -> None:
        words = ResponsesWords()
        async with (
            serving(reply_of(words, "Hi")) as server,
            closing(words.model(server.origin)) as model,
        ):
            await chunks_of(model, system_prompt="Be brief.")
        (request,) = server.requests
        assert request.body["instructions"] == "Be brief."
        assert request.body["store"] is False
        assert request.body["include"] == ["reasoning.encrypted_content"]
        assert "max_output_tokens" not in request.body

    async def test_settings_have_the_names_of_the_protocol(self) -> None:
        words = ResponsesWords()
        settings = ModelSettings(temperature=0.2, reasoning_effort="low", max_tokens=7, seed=1)
        options = EndpointOptions(settings=settings)
        async with (
            serving(reply_of(words, "Hi")) as server,
            closing(words.model(server.origin, options=options)) as model,
        ):
            await chunks_of(model)
        body = server.requests[0].body
        assert (body["temperature"], body["max_output_tokens"]) == (0.2, 7)
        assert body["reasoning"] == {"effort": "low"}
        assert body.keys().isdisjoint({"seed", "reasoning_effort", "max_tokens"})

    async def test_encrypted_thoughts_go_back_as_they_came(self) -> None:
        words = ResponsesWords()
        thought = '{"id":"rs_1","type":"reasoning","summary":[],"encrypted_content":"gAAA"}'
        block = '{"type":"thinking","thinking":"Hm.","signature":"EqQB"}'
        async with (
            serving(reply_of(words, "Hi")) as server,
            closing(words.model(server.origin)) as model,
        ):
            answer = Message("assistant", "Hello.", give_back=own_items(model, block, thought))
            await chunks_of(model, (*QUESTION, answer, *QUESTION))
        first, given_back, text, last = server.requests[0].body["input"]
        assert given_back == json.loads(thought)
        content = [{"type": "output_text", "text": "Hello."}]
        assert text == {"type": "message", "role": "assistant", "content": content}
        assert first == last

    async def test_a_known_error_inside_the_stream_is_a_refusal(self) -> None:
        error = {"code": "rate_limit_exceeded", "message": "too fast", "param": None}
        refusals = [Reply([responses_event({"type": "error", **error})])] * 3
        options = EndpointOptions(clock=SkippingClock())
        async with (
            serving(*refusals) as server,
            closing(ResponsesWords().model(server.origin, options=options)) as model,
        ):
            assert (await failure(model)).startswith("OpenAI refused the request (429: too fast)")

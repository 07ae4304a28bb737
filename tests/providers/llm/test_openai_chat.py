"""OpenAI's Chat Completions through the official SDK, against a double on loopback."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gramophone.ports.language_model import Message, Usage
from gramophone.providers.llm.openai_chat import OpenAIChat
from tests.support.model_contract import (
    KEY,
    Provider,
    ScriptedContract,
    chunks_of,
    closing,
    own_items,
    text_of,
)
from tests.support.model_failures import FailingContract
from tests.support.model_servers import OPENAI_DONE, Reply, openai_chunks, openai_event, serving


class OpenAIWords:
    name = "OpenAI"
    key_name = "OPENAI_API_KEY"
    path = "/v1/chat/completions"
    finish_reason = "stop"
    history = "messages"

    def model(self, origin: str, *, key: str = KEY, **options: Any) -> OpenAIChat:
        return OpenAIChat("gpt-5-mini", api_key=key, base_url=f"{origin}/v1", **options)

    def answer(self, *texts: str) -> list[dict[str, Any]]:
        return openai_chunks(*({"content": text} for text in texts))

    def wire(self, data: dict[str, Any]) -> bytes:
        return openai_event(data)

    def ending(self) -> list[bytes]:
        return [OPENAI_DONE]

    def visible(self, data: dict[str, Any]) -> bool:
        return bool(data)

    def error_in_stream(self, message: str) -> bytes:
        error = {"message": message, "type": "server_error", "code": None, "param": None}
        return openai_event({"error": error})

    def refusal(self, kind: str, message: str) -> bytes:
        error = {"message": message, "type": kind, "code": None, "param": None}
        return json.dumps({"error": error}).encode()


async def answered(*deltas: dict[str, Any], **ending: Any) -> tuple[str, list[Usage | None]]:
    """The text and the counts of a stream of these deltas."""
    chunks = [openai_event(chunk) for chunk in openai_chunks(*deltas, **ending)]
    async with (
        serving(Reply([*chunks, OPENAI_DONE])) as server,
        closing(OpenAIWords().model(server.origin)) as model,
    ):
        told_chunks = await chunks_of(model)
    return text_of(told_chunks), [chunk.usage for chunk in told_chunks if chunk.usage]


class TestOpenAIChat(ScriptedContract, FailingContract):
    @pytest.fixture
    def provider(self) -> Provider:
        return OpenAIWords()

    async def test_the_system_prompt_comes_first(self) -> None:
        async with (
            serving(Reply([*map(openai_event, openai_chunks()), OPENAI_DONE])) as server,
            closing(OpenAIWords().model(server.origin)) as model,
        ):
            await chunks_of(model, system_prompt="Be brief.")
        body = server.requests[0].body
        assert body["messages"][0] == {"role": "system", "content": "Be brief."}
        assert body["stream_options"] == {"include_usage": True}
        assert "max_tokens" not in body
        assert "max_completion_tokens" not in body

    async def test_a_server_of_ones_own_knows_the_old_name_of_the_limit(self) -> None:
        async with (
            serving(Reply([*map(openai_event, openai_chunks()), OPENAI_DONE])) as server,
            closing(OpenAIWords().model(server.origin, max_tokens=7)) as model,
        ):
            await chunks_of(model)
        body = server.requests[0].body
        assert body["max_tokens"] == 7
        assert "max_completion_tokens" not in body

    async def test_openai_itself_wants_the_new_name(self) -> None:
        async with (
            serving(Reply([*map(openai_event, openai_chunks()), OPENAI_DONE])) as server,
            closing(
                OpenAIChat(
                    "gpt-5-mini",
                    api_key=KEY,
                    base_url=server.origin.replace("http://", "http://api.openai.com@"),
                    max_tokens=7,
                )
            ) as lookalike,
        ):
            await chunks_of(lookalike)
        assert server.requests[0].body["max_tokens"] == 7, "the host counts, not its look"
        ours = OpenAIChat("gpt-5-mini", api_key=KEY, max_tokens=7)
        parameters = ours._parameters()  # pyright: ignore[reportPrivateUsage]
        assert parameters["max_completion_tokens"] == 7
        assert "max_tokens" not in parameters

    async def test_fields_of_an_answer_go_back_as_they_came(self) -> None:
        details = '{"reasoning_details":[{"type":"reasoning.encrypted","data":"g=="}]}'
        block = '{"type":"thinking","thinking":"Hm.","signature":"EqQB"}'
        async with (
            serving(Reply([*map(openai_event, openai_chunks()), OPENAI_DONE])) as server,
            closing(OpenAIWords().model(server.origin)) as model,
        ):
            items = own_items(model, block, details, '{"role":"system"}')
            answer = Message("assistant", "Hello.", give_back=items)
            await chunks_of(model, (answer,), system_prompt="")
        (message,) = server.requests[0].body["messages"]
        assert message == {"role": "assistant", "content": "Hello.", **json.loads(details)}

    async def test_thoughts_are_not_spoken(self) -> None:
        text, _ = await answered(
            {"reasoning_content": "Let me think."},
            {"reasoning": "Hm."},
            {"content": None, "reasoning_content": "So."},
            {"content": "Hello."},
            {"refusal": None, "content": ""},
        )
        assert text == "Hello."

    async def test_parts_that_are_no_text_are_not_spoken(self) -> None:
        text, _ = await answered(
            {"content": [{"type": "thinking", "thinking": "Hm."}]},
            {"tool_calls": [{"index": 0, "id": "call_1", "function": {"arguments": "{"}}]},
            {"content": "Hello."},
        )
        assert text == "Hello."

    @pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
    async def test_lines_may_end_as_they_like(self, end: bytes) -> None:
        chunks = [openai_event(chunk) for chunk in openai_chunks({"content": "Hello."})]
        stream = b"\xef\xbb\xbf" + b"".join([*chunks, OPENAI_DONE]).replace(b"\n", end)
        async with (
            serving(Reply([stream[:70], stream[70:]])) as server,
            closing(OpenAIWords().model(server.origin)) as model,
        ):
            told_chunks = await chunks_of(model)
        assert text_of(told_chunks) == "Hello."
        assert told_chunks[-2].finish_reason == "stop"

    @pytest.mark.parametrize(("ending", "reasons"), [([OPENAI_DONE], ["stop"]), ([], [])])
    async def test_who_says_done_has_finished(
        self, ending: list[bytes], reasons: list[str]
    ) -> None:
        chunks = openai_chunks({"content": "Hello."}, finish_reason=None, usage=None)
        async with (
            serving(Reply([*map(openai_event, chunks), *ending])) as server,
            closing(OpenAIWords().model(server.origin)) as model,
        ):
            told_chunks = await chunks_of(model)
        assert text_of(told_chunks) == "Hello."
        assert [chunk.finish_reason for chunk in told_chunks if chunk.finish_reason] == reasons
        assert [chunk.raw for chunk in told_chunks if chunk.finish_reason] == [""] * len(reasons)

    async def test_what_is_counted_fits_a_database(self) -> None:
        _, counts = await answered({"content": "Hello."}, usage=(2**70, -(2**70)))
        assert counts == [Usage(10**12, 0)]

    async def test_a_reason_that_is_none_is_none(self) -> None:
        chunks = openai_chunks({"content": "Hello."}, finish_reason=None, usage=None)
        chunks[-1]["choices"][0]["finish_reason"] = 2**70
        async with (
            serving(Reply([*map(openai_event, chunks)])) as server,
            closing(OpenAIWords().model(server.origin)) as model,
        ):
            assert [chunk.finish_reason for chunk in await chunks_of(model)] == [None] * len(chunks)

    async def test_counts_come_last_and_with_no_choice(self) -> None:
        assert await answered({"content": "Hi"}, usage=(21, 3)) == ("Hi", [Usage(21, 3)])

    async def test_counts_may_be_missing(self) -> None:
        assert await answered({"content": "Hi"}, usage=None) == ("Hi", [])

    async def test_a_server_that_wants_no_key_gets_no_header_for_one(self) -> None:
        async with (
            serving(Reply([*map(openai_event, openai_chunks()), OPENAI_DONE])) as server,
            closing(OpenAIWords().model(server.origin, key="")) as model,
        ):
            await chunks_of(model)
        assert "authorization" not in server.requests[0].headers

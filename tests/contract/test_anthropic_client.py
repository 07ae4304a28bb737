"""The official Anthropic client, as it is installed, against the stand-in."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic import beta_async_tool
from anthropic.types import Message, TextBlock, ThinkingBlock, ToolUseBlock

from gramophone.standin.server.routes import Address
from gramophone.wire.llm.answer import AnswerFailure, ModelAnswer, TextPiece
from tests.support.deadlines import HANG_S
from tests.support.model_standin import LOOKED, LOOKING, PLACES, standing_in
from tests.support.plain_http import NO_TLS

MODEL = "claude-haiku-4-5"
QUESTION: Any = [{"role": "user", "content": "Hello?"}]
LOOK: Any = {
    "name": "look",
    "input_schema": {"type": "object", "properties": {"where": {"type": "string"}}},
}


@asynccontextmanager
async def client_of(
    address: Address, key: str = "sk-1", **options: Any
) -> AsyncGenerator[anthropic.AsyncAnthropic]:
    options = {"max_retries": 0, **options}
    http = anthropic.DefaultAsyncHttpxClient(verify=NO_TLS)
    async with anthropic.AsyncAnthropic(
        timeout=HANG_S, api_key=key, base_url=address.http(), http_client=http, **options
    ) as client:
        yield client


def text_of(message: Message) -> str:
    return "".join(block.text for block in message.content if isinstance(block, TextBlock))


def asking(client: anthropic.AsyncAnthropic) -> Any:
    return client.messages.create(model=MODEL, max_tokens=99, messages=QUESTION)


class TestThreads:
    """Conversations that the server holds: a request has only the messages of its turn."""

    @pytest.mark.parametrize("stream", [False, True])
    async def test_the_runner_of_tools(self, stream: bool) -> None:
        places: list[dict[str, str]] = []

        @beta_async_tool
        async def look(where: str) -> str:
            """Look somewhere."""
            places.append({"where": where})
            return "Nothing."

        async with standing_in(LOOKING, LOOKED) as address, client_of(address) as client:
            runner = client.beta.messages.tool_runner(
                model=MODEL,
                max_tokens=99,
                messages=[{"role": "user", "content": "Look twice."}],
                tools=[look],
                stream=stream,
            )
            message = await runner.until_done()
        assert places == PLACES
        assert [block.text for block in message.content if block.type == "text"] == [
            "Nothing there."
        ]

    async def test_a_thread_that_is_lost(self) -> None:
        """The client sends the whole conversation again, and goes on."""
        async with standing_in() as address, standing_in() as other, client_of(address) as client:
            thread = client.beta.messages.thread(model=MODEL, max_tokens=99)
            await thread.send({"role": "user", "content": "Hello?"})
            client.base_url = other.http()
            await thread.send({"role": "user", "content": "Hello?"})
            last = await thread.send({"role": "user", "content": "Hello?"})
        assert len(thread.messages) == 6
        assert thread.previous_message_id == last.id

    async def test_an_unknown_one_is_refused_in_the_clients_words(self) -> None:
        async with standing_in() as address, client_of(address) as client:
            with pytest.raises(anthropic.NotFoundError) as refused:
                await client.beta.messages.create(
                    model=MODEL,
                    max_tokens=99,
                    messages=QUESTION,
                    betas=["message-threads-2026-08-12"],
                    thread={"type": "continue", "previous_message_id": "msg_1"},
                )
        assert refused.value.error_code == "thread_not_found"


class TestMessages:
    async def test_whole(self) -> None:
        async with standing_in() as address, client_of(address) as client:
            message = await client.messages.create(
                model=MODEL, max_tokens=99, messages=QUESTION, system="Be brief."
            )
        assert text_of(message) == "Hello."
        assert (message.stop_reason, message.model) == ("end_turn", MODEL)
        assert (message.usage.input_tokens, message.usage.output_tokens) == (9, 4)

    async def test_streamed(self) -> None:
        async with standing_in() as address, client_of(address) as client:
            stream = await client.messages.create(
                model=MODEL, max_tokens=99, messages=QUESTION, stream=True
            )
            events = [event async for event in stream]
        assert [event.type for event in events] == [
            "message_start",
            "content_block_start",
            "content_block_delta",
            "content_block_delta",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop",
        ]

    async def test_the_stream_helper(self) -> None:
        async with standing_in() as address, client_of(address) as client:
            async with client.messages.stream(
                model=MODEL, max_tokens=99, messages=QUESTION
            ) as stream:
                texts = [text async for text in stream.text_stream]
                message = await stream.get_final_message()
        assert texts == ["Hel", "lo", "."]
        assert (text_of(message), message.stop_reason) == ("Hello.", "end_turn")
        assert (message.usage.input_tokens, message.usage.output_tokens) == (9, 4)

    async def test_a_client_without_a_loop(self) -> None:
        def ask(address: Address) -> tuple[str, str]:
            with anthropic.Anthropic(
                timeout=HANG_S, api_key="sk-1", base_url=address.http()
            ) as client:
                whole = client.messages.create(model=MODEL, max_tokens=9, messages=QUESTION)
                with client.messages.stream(model=MODEL, max_tokens=9, messages=QUESTION) as stream:
                    return text_of(whole), "".join(stream.text_stream)

        async with standing_in() as address:
            assert await asyncio.to_thread(ask, address) == ("Hello.", "Hello.")

    async def test_thoughts_and_tools_there_and_back(self) -> None:
        async with standing_in(LOOKING, LOOKED) as address, client_of(address) as client:
            messages: Any = [{"role": "user", "content": "Look twice."}]
            async with client.messages.stream(
                model=MODEL,
                max_tokens=2048,
                messages=messages,
                tools=[LOOK],
                thinking={"type": "enabled", "budget_tokens": 1024},
            ) as stream:
                message = await stream.get_final_message()
            thinking, text, *calls = message.content
            assert isinstance(thinking, ThinkingBlock)
            assert (thinking.thinking, thinking.signature) == ("Twice, then.", "EqQB")
            assert isinstance(text, TextBlock)
            assert [call.input for call in calls if isinstance(call, ToolUseBlock)] == PLACES
            assert message.stop_reason == "tool_use"
            results = [
                {"type": "tool_result", "tool_use_id": call.id, "content": "Nothing."}
                for call in calls
                if isinstance(call, ToolUseBlock)
            ]
            messages += [
                {"role": "assistant", "content": [block.to_dict() for block in message.content]},
                {"role": "user", "content": results},
            ]
            second = await client.messages.create(
                model=MODEL, max_tokens=99, messages=messages, tools=[LOOK]
            )
        assert text_of(second) == "Nothing there."

    async def test_tools_at_once(self) -> None:
        async with standing_in(LOOKING) as address, client_of(address) as client:
            message = await client.messages.create(
                model=MODEL,
                max_tokens=99,
                messages=[{"role": "user", "content": "Look twice."}],
                tools=[LOOK],
            )
        assert [b.input for b in message.content if isinstance(b, ToolUseBlock)] == PLACES

    async def test_tokens_are_counted(self) -> None:
        async with standing_in() as address, client_of(address) as client:
            counted = await client.messages.count_tokens(model=MODEL, messages=QUESTION)
        assert counted.input_tokens > 0


class TestErrors:
    @pytest.mark.parametrize(
        ("status", "error", "kind"),
        [
            (400, anthropic.BadRequestError, "invalid_request_error"),
            (401, anthropic.AuthenticationError, "authentication_error"),
            (403, anthropic.PermissionDeniedError, "permission_error"),
            (404, anthropic.NotFoundError, "not_found_error"),
            (413, anthropic.APIStatusError, "request_too_large"),
            (429, anthropic.RateLimitError, "rate_limit_error"),
            (500, anthropic.InternalServerError, "api_error"),
            (529, anthropic.APIStatusError, "overloaded_error"),
        ],
    )
    async def test_a_refusal(
        self, status: int, error: type[anthropic.APIStatusError], kind: str
    ) -> None:
        async with (
            standing_in(faults=[f"refuse={status}"]) as address,
            client_of(address) as client,
        ):
            with pytest.raises(error) as caught:
                await asking(client)
        assert caught.value.status_code == status
        body: Any = caught.value.body
        assert body["type"] == "error"
        assert body["error"]["type"] == kind
        assert body["request_id"] == caught.value.request_id
        after = caught.value.response.headers.get("retry-after")
        assert after == ("1" if status == 429 else None)

    async def test_an_overload_in_the_stream(self) -> None:
        failure = AnswerFailure("overloaded_error", "Overloaded", 529, in_stream=True)
        answer = ModelAnswer(None, (TextPiece("Hel"),), failure=failure)
        async with standing_in(answer) as address, client_of(address) as client:
            async with client.messages.stream(
                model=MODEL, max_tokens=99, messages=QUESTION
            ) as stream:
                texts = aiter(stream.text_stream)
                assert await anext(texts) == "Hel"
                with pytest.raises(anthropic.APIStatusError) as caught:
                    await anext(texts)
            body: Any = caught.value.body
            assert body["error"]["type"] == "overloaded_error"
            with pytest.raises(anthropic.APIStatusError) as caught:
                await asking(client)
            assert caught.value.status_code == 529

    async def test_a_bad_request(self) -> None:
        async with standing_in() as address, client_of(address) as client:
            with pytest.raises(anthropic.BadRequestError, match="at least one message"):
                await client.messages.create(model=MODEL, max_tokens=9, messages=[])

    async def test_a_question_that_has_no_answer(self) -> None:
        async with standing_in(LOOKED) as address, client_of(address) as client:
            with pytest.raises(anthropic.NotFoundError, match=r"no answer to 'Hello\?'"):
                await asking(client)


class TestKeysAndVersions:
    async def test_both_places_of_a_key(self) -> None:
        async with standing_in(api_key="sk-1") as address:
            async with client_of(address) as client:
                assert text_of(await asking(client)) == "Hello."
            async with client_of(address, "sk-2") as client:
                with pytest.raises(anthropic.AuthenticationError):
                    await asking(client)
            assert await self.status(address, {"x-api-key": "sk-1"}) == 200
            assert await self.status(address, {"x-api-key": "sk-2"}) == 401
            assert await self.status(address, {"authorization": "Bearer sk-1"}) == 200
            assert await self.status(address, {"authorization": "Token sk-1"}) == 401
            assert await self.status(address, {}) == 401

    @pytest.mark.parametrize(
        ("version", "status"),
        [("2023-06-01", 200), ("2026-10-21", 400), ("2024-02-30", 400), ("", 400)],
    )
    async def test_versions(self, version: str, status: int) -> None:
        """Sampling parameters were allowed until the second."""
        async with standing_in() as address:
            sent = {"anthropic-version": version} if version else {"accept": "*/*"}
            assert await self.status(address, sent, temperature=0.5) == status

    async def status(self, address: Address, headers: dict[str, str], **fields: Any) -> int:
        version = {"anthropic-version": "2023-06-01"} if "anthropic-version" not in headers else {}
        if "accept" in headers:
            version = {}
        body = {"model": MODEL, "max_tokens": 9, "messages": QUESTION, **fields}
        async with httpx2.AsyncClient(verify=NO_TLS, timeout=HANG_S) as http:
            url = address.http("/v1/messages")
            return (await http.post(url, json=body, headers={**version, **headers})).status_code


async def test_the_models() -> None:
    async with standing_in(models=("a", "b")) as address, client_of(address) as client:
        assert [model.id async for model in client.models.list()] == ["a", "b"]
        assert (await client.models.retrieve("b")).display_name == "b"
        with pytest.raises(anthropic.NotFoundError, match="model: another") as refused:
            await client.models.retrieve("another")
        assert refused.value.type == "not_found_error"
        with pytest.raises(anthropic.NotFoundError):
            await asking(client)
    async with standing_in() as address, client_of(address) as client:
        assert (await client.models.retrieve("another")).id == "another"


@pytest.mark.parametrize(
    ("betas", "unknown"),
    [
        (["interleaved-thinking-2025-05-14", "of-tomorrow-2099-01-01", "mine"], ""),
        (["interleaved-thinking-2025-05-15"], "`interleaved-thinking-2025-05-15`"),
        (["tomorrow", "files-api-2025-04-14", "x"], "`tomorrow`, `x`"),
        ([""], "``"),
    ],
)
async def test_betas(betas: list[str], unknown: str) -> None:
    ask: Any = {"model": MODEL, "max_tokens": 99, "messages": QUESTION, "betas": betas}
    async with standing_in(betas=("mine",)) as address, client_of(address) as client:
        if not unknown:
            await client.beta.messages.create(**ask)
            return
        sentence = re.escape(f"Unexpected value(s) {unknown} for the `anthropic-beta` header")
        with pytest.raises(anthropic.BadRequestError, match=sentence) as refused:
            await client.beta.messages.create(**ask)
        assert refused.value.type == "invalid_request_error"
        with pytest.raises(anthropic.BadRequestError, match=sentence):
            await client.beta.messages.count_tokens(model=MODEL, messages=QUESTION, betas=betas)
    async with standing_in(tolerant=True) as address, client_of(address) as client:
        await client.beta.messages.create(**ask)


async def test_what_is_not_served_is_refused_in_its_form() -> None:
    async with standing_in() as address, client_of(address) as client:
        with pytest.raises(anthropic.NotFoundError) as nothing:
            await client.get("/v1/nothing", cast_to=object)
        assert nothing.value.type == "not_found_error"


async def test_what_the_service_refuses_is_refused_unless_tolerant() -> None:
    empty: Any = [{"role": "user", "content": [{"type": "text", "text": ""}]}]
    async with standing_in() as address, client_of(address) as client:
        with pytest.raises(anthropic.BadRequestError, match="non-empty") as refused:
            await client.messages.create(model=MODEL, max_tokens=9, messages=empty)
        assert refused.value.type == "invalid_request_error"
    async with standing_in(tolerant=True) as address, client_of(address) as client:
        await client.messages.create(model=MODEL, max_tokens=9, messages=empty)


async def test_limits_that_are_asked_for_are_kept() -> None:
    answer = ModelAnswer(None, (TextPiece("One two "), TextPiece("three four.")))
    async with standing_in(answer) as address, client_of(address) as client:
        whole = await client.messages.create(model=MODEL, max_tokens=2, messages=QUESTION)
        assert (whole.stop_reason, whole.usage.output_tokens) == ("max_tokens", 2)
        async with client.messages.stream(
            model=MODEL, max_tokens=99, messages=QUESTION, stop_sequences=["three"]
        ) as stream:
            message = await stream.get_final_message()
        assert (message.stop_reason, message.stop_sequence) == ("stop_sequence", "three")
        assert message.content[0].to_dict()["text"] == "One two "

"""The official OpenAI client, as it is installed, against the stand-in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import openai
import pytest

from gramophone.standin.llm.expected_answers import ExpectedAnswers
from gramophone.standin.server.routes import Address
from gramophone.wire.llm.answer import AnswerFailure, ModelAnswer, TextPiece
from tests.support.deadlines import HANG_S
from tests.support.model_standin import LOOKED, LOOKING, PLACES, standing_in
from tests.support.plain_http import NO_TLS

MODEL = "gpt-5-mini"
QUESTION: Any = [{"role": "user", "content": "Hello?"}]
LOOK: Any = {
    "type": "function",
    "function": {
        "name": "look",
        "parameters": {"type": "object", "properties": {"where": {"type": "string"}}},
    },
}
LOOK_FLAT: Any = {"type": "function", **LOOK["function"], "strict": False}


@asynccontextmanager
async def client_of(
    address: Address, key: str = "sk-1", **options: Any
) -> AsyncGenerator[openai.AsyncOpenAI]:
    options = {"max_retries": 0, **options}
    http = openai.DefaultAsyncHttpxClient(verify=NO_TLS)
    async with openai.AsyncOpenAI(
        timeout=HANG_S, api_key=key, base_url=address.http("/v1"), http_client=http, **options
    ) as client:
        yield client


def sync_client(address: Address) -> openai.OpenAI:
    return openai.OpenAI(
        timeout=HANG_S, api_key="sk-1", base_url=address.http("/v1"), max_retries=0
    )


class TestChatCompletions:
    async def test_whole(self) -> None:
        async with standing_in() as address, client_of(address) as client:
            whole = await client.chat.completions.create(model=MODEL, messages=QUESTION)
        assert whole.choices[0].message.content == "Hello."
        assert whole.choices[0].finish_reason == "stop"
        assert whole.model == MODEL
        assert whole.usage is not None
        assert (whole.usage.prompt_tokens, whole.usage.completion_tokens) == (9, 4)

    async def test_streamed(self) -> None:
        async with standing_in() as address, client_of(address) as client:
            stream = await client.chat.completions.create(
                model=MODEL,
                messages=QUESTION,
                stream=True,
                stream_options={"include_usage": True},
            )
            chunks = [chunk async for chunk in stream]
        texts = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices]
        assert texts == ["", "Hel", "lo", ".", None]
        usage = chunks[-1].usage
        assert usage is not None
        assert usage.total_tokens == 13
        assert chunks[-1].choices == []

    async def test_the_stream_helper(self) -> None:
        async with (
            standing_in() as address,
            client_of(address) as client,
            client.chat.completions.stream(model=MODEL, messages=QUESTION) as stream,
        ):
            deltas = [event.delta async for event in stream if event.type == "content.delta"]
            final = await stream.get_final_completion()
        assert "".join(deltas) == final.choices[0].message.content == "Hello."

    async def test_a_client_without_a_loop(self) -> None:
        def ask(address: Address) -> tuple[str | None, str]:
            with sync_client(address) as client:
                whole = client.chat.completions.create(model=MODEL, messages=QUESTION)
                stream = client.chat.completions.create(model=MODEL, messages=QUESTION, stream=True)
                with stream:
                    texts = [chunk.choices[0].delta.content or "" for chunk in stream]
            return whole.choices[0].message.content, "".join(texts)

        async with standing_in() as address:
            assert await asyncio.to_thread(ask, address) == ("Hello.", "Hello.")

    async def test_tools_there_and_back(self) -> None:
        async with standing_in(LOOKING, LOOKED) as address, client_of(address) as client:
            messages: Any = [{"role": "user", "content": "Look twice."}]
            async with client.chat.completions.stream(
                model=MODEL, messages=messages, tools=[LOOK]
            ) as stream:
                choice = (await stream.get_final_completion()).choices[0]
            calls = choice.message.tool_calls or []
            assert choice.finish_reason == "tool_calls"
            assert [call.function.name for call in calls] == ["look", "look"]
            assert [json.loads(call.function.arguments) for call in calls] == PLACES
            assert len({call.id for call in calls}) == 2
            messages += [choice.message.to_dict()]
            messages += [
                {"role": "tool", "tool_call_id": call.id, "content": "Nothing."} for call in calls
            ]
            whole = await client.chat.completions.create(
                model=MODEL, messages=messages, tools=[LOOK]
            )
        assert whole.choices[0].message.content == "Nothing there."

    async def test_tools_at_once(self) -> None:
        async with standing_in(LOOKING) as address, client_of(address) as client:
            whole = await client.chat.completions.create(
                model=MODEL, messages=[{"role": "user", "content": "Look twice."}], tools=[LOOK]
            )
        calls = whole.choices[0].message.tool_calls or []
        arguments = [
            json.loads(call.function.arguments) for call in calls if call.type == "function"
        ]
        assert arguments == PLACES


class TestResponses:
    async def test_whole(self) -> None:
        async with standing_in() as address, client_of(address) as client:
            whole = await client.responses.create(
                model=MODEL, input="Hello?", instructions="Short."
            )
        assert whole.output_text == "Hello."
        assert whole.status == "completed"
        assert whole.instructions == "Short."
        assert whole.usage is not None
        assert whole.usage.total_tokens == 13

    async def test_streamed(self) -> None:
        async with standing_in() as address, client_of(address) as client:
            stream = await client.responses.create(model=MODEL, input="Hello?", stream=True)
            events = [event async for event in stream]
        assert [event.sequence_number for event in events] == list(range(len(events)))
        deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
        assert deltas == ["Hel", "lo", "."]
        assert events[-1].type == "response.completed"

    async def test_the_stream_helper_and_tools(self) -> None:
        async with standing_in(LOOKING, LOOKED) as address, client_of(address) as client:
            async with client.responses.stream(
                model=MODEL, input="Look twice.", tools=[LOOK_FLAT]
            ) as stream:
                first = await stream.get_final_response()
            assert first.output_text == "I look."
            calls = [item for item in first.output if item.type == "function_call"]
            assert [json.loads(call.arguments) for call in calls] == PLACES
            results: Any = [
                {"type": "function_call_output", "call_id": call.call_id, "output": "Nothing."}
                for call in calls
            ]
            second = await client.responses.create(
                model=MODEL, input=results, previous_response_id=first.id, tools=[LOOK_FLAT]
            )
        assert second.output_text == "Nothing there."

    async def test_a_client_without_a_loop(self) -> None:
        def ask(address: Address) -> tuple[str, str]:
            with sync_client(address) as client:
                whole = client.responses.create(model=MODEL, input="Hello?")
                with client.responses.stream(model=MODEL, input="Hello?") as stream:
                    return whole.output_text, stream.get_final_response().output_text

        async with standing_in() as address:
            assert await asyncio.to_thread(ask, address) == ("Hello.", "Hello.")


async def test_stored_responses() -> None:
    async with standing_in() as address, client_of(address) as client:
        first = await client.responses.create(model=MODEL, input="Hello?", user="u")
        assert await client.responses.retrieve(first.id) == first
        events = [
            event
            async for event in await client.responses.retrieve(
                first.id, stream=True, starting_after=1
            )
        ]
        assert [event.sequence_number for event in events] == list(range(2, len(events) + 2))
        assert events[-1].type == "response.completed"
        (item,) = [item async for item in client.responses.input_items.list(first.id)]
        assert item.type == "message"
        second = await client.responses.create(
            model=MODEL, input="And?", previous_response_id=first.id, background=True
        )
        assert second.previous_response_id == first.id
        assert await client.responses.cancel(second.id) == second
        with pytest.raises(openai.BadRequestError, match="synchronous"):
            await client.responses.cancel(first.id)
        await client.responses.delete(first.id)
        with pytest.raises(openai.NotFoundError, match=first.id):
            await client.responses.retrieve(first.id)
        with pytest.raises(openai.NotFoundError, match="Invalid URL"):
            await client.post(f"/responses/{second.id}/other", cast_to=object)
        with pytest.raises(openai.BadRequestError) as unknown:
            await client.responses.create(model=MODEL, input="And?", previous_response_id=first.id)
        assert unknown.value.code == "previous_response_not_found"


async def test_embeddings() -> None:
    texts = ["Why is the sky blue?", "The sky is blue."]
    async with standing_in() as address, client_of(address) as client:
        vectors = await client.embeddings.create(model="text-embedding-3-small", input=texts)
        numbers = await client.embeddings.create(
            model="text-embedding-3-small", input=texts, encoding_format="float"
        )
        assert [item.embedding for item in vectors.data] == [
            pytest.approx(item.embedding) for item in numbers.data
        ]
        assert numbers.usage.total_tokens == 9
        many = await client.embeddings.create(
            model="m", input=[str(n) for n in range(17)], dimensions=2
        )
        assert [item.index for item in many.data] == list(range(17))
        with pytest.raises(openai.BadRequestError, match="empty string"):
            await client.embeddings.create(model="text-embedding-3-small", input="")


@pytest.mark.parametrize("strict", [False, True])
async def test_no_tools_are_called_that_were_not_offered(strict: bool) -> None:
    answers = ExpectedAnswers([LOOKING, LOOKED], strict=strict)
    twice: Any = [{"role": "user", "content": "Look twice."}]
    async with standing_in(choose=answers) as address, client_of(address) as client:
        if strict:
            with pytest.raises(openai.NotFoundError) as refused:
                await client.chat.completions.create(model=MODEL, messages=twice)
            assert refused.value.code == "not_recorded"
        else:
            whole = await client.chat.completions.create(model=MODEL, messages=twice)
            assert whole.choices[0].message.content == "Nothing there."
            assert whole.choices[0].message.tool_calls is None
    assert [difference.kind for difference in answers.expectation.differences()] == ["tools"]


class TestErrors:
    @pytest.mark.parametrize(
        ("status", "error"),
        [
            (400, openai.BadRequestError),
            (401, openai.AuthenticationError),
            (403, openai.PermissionDeniedError),
            (404, openai.NotFoundError),
            (429, openai.RateLimitError),
            (500, openai.InternalServerError),
            (503, openai.InternalServerError),
        ],
    )
    async def test_a_refusal(self, status: int, error: type[openai.APIStatusError]) -> None:
        async with (
            standing_in(faults=[f"refuse={status}"]) as address,
            client_of(address) as client,
        ):
            with pytest.raises(error) as caught:
                await client.chat.completions.create(model=MODEL, messages=QUESTION)
        assert caught.value.status_code == status
        assert caught.value.request_id is not None
        body: Any = caught.value.body
        assert set(body) == {"message", "type", "param", "code"}
        after = caught.value.response.headers.get("retry-after")
        assert after == ("1" if status == 429 else None)

    async def test_a_client_that_tries_again_is_served(self) -> None:
        async with (
            standing_in(faults=["refuse=500@0"]) as address,
            client_of(address, max_retries=1) as client,
        ):
            whole = await client.chat.completions.create(model=MODEL, messages=QUESTION)
        assert whole.choices[0].message.content == "Hello."

    async def test_a_wrong_key(self) -> None:
        async with standing_in(api_key="sk-2") as address:
            async with client_of(address) as client:
                with pytest.raises(openai.AuthenticationError) as caught:
                    await client.responses.create(model=MODEL, input="Hello?")
                assert caught.value.code == "invalid_api_key"
                with pytest.raises(openai.AuthenticationError):
                    await client.models.list()
            async with client_of(address, "sk-2") as client:
                assert (await client.responses.create(model=MODEL, input="Hi?")).output_text

    async def test_a_bad_request(self) -> None:
        async with standing_in() as address, client_of(address) as client:
            with pytest.raises(openai.BadRequestError) as caught:
                await client.chat.completions.create(model=MODEL, messages=[])
        assert caught.value.param == "messages"
        assert caught.value.code == "empty_array"

    async def test_a_question_that_has_no_answer(self) -> None:
        async with standing_in(LOOKED) as address, client_of(address) as client:
            with pytest.raises(openai.NotFoundError, match=r"no answer to 'Hello\?'") as caught:
                await client.chat.completions.create(model=MODEL, messages=QUESTION)
        assert caught.value.code == "not_recorded"

    async def test_an_answer_that_is_a_refusal(self) -> None:
        failure = AnswerFailure("", "Not today.", 429, in_stream=False)
        answer = ModelAnswer(None, (), failure=failure)
        async with standing_in(answer) as address, client_of(address) as client:
            with pytest.raises(openai.RateLimitError, match="Not today"):
                await client.chat.completions.create(model=MODEL, messages=QUESTION, stream=True)

    async def test_an_answer_that_fails_in_its_stream(self) -> None:
        failure = AnswerFailure("", "Too much.", 503, in_stream=True)
        answer = ModelAnswer(None, (TextPiece("Hel"),), failure=failure)
        async with standing_in(answer) as address, client_of(address) as client:
            stream = await client.chat.completions.create(
                model=MODEL, messages=QUESTION, stream=True
            )
            await anext(stream)
            assert (await anext(stream)).choices[0].delta.content == "Hel"
            with pytest.raises(openai.APIError, match="Too much"):
                await anext(stream)
            events = [
                event
                async for event in await client.responses.create(
                    model=MODEL, input="Hello?", stream=True
                )
            ]
            assert events[-1].type == "response.failed"
            with pytest.raises(openai.InternalServerError, match="Too much"):
                await client.responses.create(model=MODEL, input="Hello?")


async def test_the_models() -> None:
    async with standing_in(models=("a", "b")) as address, client_of(address) as client:
        assert [model.id async for model in client.models.list()] == ["a", "b"]
        assert (await client.models.retrieve("b")).object == "model"
        with pytest.raises(openai.NotFoundError, match="`of/another` does not exist") as refused:
            await client.models.retrieve("of/another")
        assert refused.value.code == "model_not_found"
        with pytest.raises(openai.NotFoundError):
            await client.responses.create(model="of/another", input="Hello?")
    async with standing_in() as address, client_of(address) as client:
        assert [model.id async for model in client.models.list()] == ["gramophone"]
        assert (await client.models.retrieve("of/another")).id == "of/another"


async def test_what_is_not_served_is_refused_in_its_form() -> None:
    async with standing_in() as address, client_of(address) as client:
        with pytest.raises(openai.NotFoundError, match="Invalid URL") as nothing:
            await client.get("/nothing", cast_to=object)
        assert nothing.value.type == "invalid_request_error"
        assert nothing.value.request_id
        with pytest.raises(openai.APIStatusError) as refused:
            await client.get("/responses", cast_to=object)
        assert (refused.value.status_code, refused.value.code) == (405, "method_not_supported")


async def test_what_the_service_refuses_is_refused_unless_tolerant() -> None:
    unasked: Any = [*QUESTION, {"role": "tool", "tool_call_id": "call_1", "content": "No."}]
    hot: Any = {"model": MODEL, "input": "Hello?", "temperature": 3}
    async with standing_in() as address, client_of(address) as client:
        with pytest.raises(openai.BadRequestError) as refused:
            await client.chat.completions.create(model=MODEL, messages=unasked)
        assert (refused.value.type, refused.value.param) == (
            "invalid_request_error",
            "messages.[1].role",
        )
        with pytest.raises(openai.BadRequestError) as refused:
            await client.responses.create(**hot)
        assert (refused.value.code, refused.value.param) == (
            "decimal_above_max_value",
            "temperature",
        )
    async with standing_in(tolerant=True) as address, client_of(address) as client:
        await client.chat.completions.create(model=MODEL, messages=unasked)
        await client.responses.create(**hot)


async def test_limits_that_are_asked_for_are_kept() -> None:
    answer = ModelAnswer(None, (TextPiece("One two "), TextPiece("three four.")), output_tokens=4)
    async with standing_in(answer) as address, client_of(address) as client:
        short = await client.chat.completions.create(
            model=MODEL, messages=QUESTION, max_completion_tokens=2
        )
        assert short.choices[0].finish_reason == "length"
        assert short.choices[0].message.content == "One two t"
        assert short.usage is not None
        assert short.usage.completion_tokens == 2
        ended = await client.chat.completions.create(model=MODEL, messages=QUESTION, stop=["three"])
        assert ended.choices[0].finish_reason == "stop"
        assert ended.choices[0].message.content == "One two "


async def test_many_at_once_on_one_client() -> None:
    answers = [ModelAnswer(f"{n}?", (TextPiece(f"{n}."),)) for n in range(20)]
    async with standing_in(*answers) as address, client_of(address) as client:

        async def ask(n: int) -> str:
            async with client.responses.stream(model=MODEL, input=f"{n}?") as stream:
                return (await stream.get_final_response()).output_text

        assert await asyncio.gather(*map(ask, range(20))) == [f"{n}." for n in range(20)]

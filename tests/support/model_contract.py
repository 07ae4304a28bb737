"""What every language model must do, whoever serves it: run over doubles and the real engine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol, cast

import pytest

from gramophone.core.errors import GramophoneError, ModelError
from gramophone.core.give_back import GiveBack
from gramophone.ports.language_model import LanguageModel, Message, ModelChunk
from tests.support.model_servers import ModelServer, Reply, Step, serving

KEY = "sk-proj-Zq81kV0s3cr3t"
QUESTION = (Message("user", "Say hello."),)
HURRY = (("retry-after-ms", "1"),)
"""The SDKs try again by themselves; this makes them do so at once."""


async def chunks_of(
    model: LanguageModel, messages: Sequence[Message] = QUESTION, system_prompt: str = "Be brief."
) -> list[ModelChunk]:
    """The whole answer."""
    return [chunk async for chunk in model.stream(messages, system_prompt)]


def text_of(chunks: Sequence[ModelChunk]) -> str:
    return "".join(chunk.text for chunk in chunks)


def own_items(model: LanguageModel, *items: str) -> tuple[GiveBack, ...]:
    """Items that this model wants back."""
    return tuple(GiveBack(item, model.provider, model.model) for item in items)


def calls_in(chunks: Sequence[ModelChunk]) -> list[dict[str, Any]]:
    """The calls of an answer, their parts joined."""
    calls: dict[int, dict[str, Any]] = {}
    for part in (part for chunk in chunks for part in chunk.calls):
        call = calls.setdefault(part.index, {"id": "", "name": "", "arguments": ""})
        call["id"] += part.id
        call["name"] += part.name
        call["arguments"] += part.arguments
        if part.give_back:
            call["give_back"] = json.loads(part.give_back)
    return list(calls.values())


async def read(model: LanguageModel, take: Callable[[ModelChunk], object]) -> None:
    """Hand every chunk of the answer to `take`."""
    async for chunk in model.stream(QUESTION, "Be brief."):
        take(chunk)


async def failure(
    model: LanguageModel, take: Callable[[ModelChunk], object] = lambda chunk: None
) -> str:
    """The sentence the stream fails with, after `take` got what came before it."""
    with pytest.raises(GramophoneError) as caught:
        await read(model, take)
    assert isinstance(caught.value, ModelError)
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert KEY not in sentence
    return sentence


async def close(stream: AsyncIterator[ModelChunk]) -> None:
    await cast("AsyncGenerator[ModelChunk]", stream).aclose()


@asynccontextmanager
async def closing(model: LanguageModel) -> AsyncGenerator[LanguageModel]:
    try:
        yield model
    finally:
        await model.aclose()


class ModelContract:
    """Holds for every model, the real engine among them; a `model` fixture gives it."""

    async def test_an_answer_streams_and_is_counted(self, model: LanguageModel) -> None:
        chunks = await chunks_of(model)

        assert text_of(chunks).strip()
        assert len([chunk for chunk in chunks if chunk.text]) > 1
        (usage,) = [chunk.usage for chunk in chunks if chunk.usage is not None]
        assert usage.input_tokens > 0
        assert usage.output_tokens > 0
        (reason,) = [chunk.finish_reason for chunk in chunks if chunk.finish_reason]
        assert reason in {"stop", "length", "end_turn", "completed"}

    async def test_the_raw_chunk_is_kept(self, model: LanguageModel) -> None:
        for chunk in await chunks_of(model):
            assert isinstance(json.loads(chunk.raw), dict)
            if chunk.text:
                assert json.dumps(chunk.text, ensure_ascii=False) in chunk.raw

    async def test_it_answers_again(self, model: LanguageModel) -> None:
        first = text_of(await chunks_of(model))
        history = (*QUESTION, Message("assistant", first), Message("user", "And again."))

        assert text_of(await chunks_of(model, history)).strip()

    async def test_a_closed_stream_leaves_the_model_free(self, model: LanguageModel) -> None:
        stream = model.stream(QUESTION, "")
        await anext(stream)
        await close(stream)

        assert text_of(await chunks_of(model)).strip()


def sent_text(content: str | list[dict[str, str]]) -> str:
    """The text of a message in a request."""
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


class Provider(Protocol):
    """A protocol's words, for the tests that need to script what is said."""

    name: str
    key_name: str
    path: str
    finish_reason: str
    history: str
    """Name of the messages in the request's body."""

    def model(self, origin: str, *, key: str = KEY, **options: Any) -> LanguageModel: ...

    def answer(self, *texts: str) -> list[dict[str, Any]]: ...

    def wire(self, data: dict[str, Any]) -> bytes: ...

    def ending(self) -> list[bytes]:
        """What follows the last event."""
        ...

    def visible(self, data: dict[str, Any]) -> bool:
        """Whether the SDK hands the event on."""
        ...

    def error_in_stream(self, message: str) -> bytes: ...

    def refusal(self, kind: str, message: str) -> bytes: ...


def reply_of(provider: Provider, *texts: str) -> Reply:
    return Reply([*map(provider.wire, provider.answer(*texts)), *provider.ending()])


class ScriptedContract(ModelContract):
    """What can only be seen where a test writes the server's part; needs `provider`."""

    @pytest.fixture
    async def server(self, provider: Provider) -> AsyncGenerator[ModelServer]:
        async with serving(*[reply_of(provider, "Hel", "lo", ".") for _ in range(3)]) as server:
            yield server

    @pytest.fixture
    async def model(self, provider: Provider, server: ModelServer) -> AsyncGenerator[LanguageModel]:
        async with closing(provider.model(server.origin)) as model:
            yield model

    async def test_deltas_are_handed_on_one_by_one(
        self, provider: Provider, model: LanguageModel
    ) -> None:
        chunks = await chunks_of(model)

        assert [chunk.text for chunk in chunks if chunk.text] == ["Hel", "lo", "."]
        assert chunks[-1].usage is not None or chunks[-2].usage is not None
        assert provider.finish_reason in [chunk.finish_reason for chunk in chunks]

    async def test_raw_chunks_hold_all_that_was_sent(
        self, provider: Provider, model: LanguageModel
    ) -> None:
        sent = [data for data in provider.answer("Hel", "lo", ".") if provider.visible(data)]

        assert [json.loads(chunk.raw) for chunk in await chunks_of(model)] == sent

    async def test_what_is_asked(
        self, provider: Provider, server: ModelServer, model: LanguageModel
    ) -> None:
        await chunks_of(model, (*QUESTION, Message("assistant", "Hello."), Message("user", "Ünd?")))

        (request,) = server.requests
        assert (request.method, request.path) == ("POST", provider.path)
        assert request.headers["authorization"] == f"Bearer {KEY}"
        assert request.body["stream"] is True
        assert request.body["model"] == model.model
        messages = [m for m in request.body[provider.history] if m["role"] != "system"]
        assert [sent_text(m["content"]) for m in messages] == ["Say hello.", "Hello.", "Ünd?"]

    async def test_no_system_prompt_is_none_at_all(
        self, provider: Provider, server: ModelServer, model: LanguageModel
    ) -> None:
        await chunks_of(model, system_prompt="")

        (request,) = server.requests
        assert request.body.keys().isdisjoint({"system", "instructions"})
        assert {m["role"] for m in request.body[provider.history]} == {"user"}

    async def test_closing_the_stream_closes_the_request(self, provider: Provider) -> None:
        answer = [provider.wire(data) for data in provider.answer("Hel", "lo")]
        async with (
            serving(Reply([*answer[:4], Step.HANG])) as server,
            closing(provider.model(server.origin)) as model,
        ):
            stream = model.stream(QUESTION, "")
            async for chunk in stream:
                if chunk.text:
                    break
            assert not server.requests[0].gone.is_set()
            await close(stream)
            await server.requests[0].gone.wait()

    async def test_a_cancelled_task_closes_the_request(self, provider: Provider) -> None:
        answer = [provider.wire(data) for data in provider.answer("Hel", "lo")]
        async with (
            serving(Reply([*answer[:4], Step.HANG])) as server,
            closing(provider.model(server.origin)) as model,
        ):
            spoken = asyncio.Event()

            async def listen() -> None:
                async for chunk in model.stream(QUESTION, ""):
                    if chunk.text:
                        spoken.set()

            async with asyncio.TaskGroup() as group:
                listening = group.create_task(listen())
                await spoken.wait()
                listening.cancel()
            await server.requests[0].gone.wait()

    async def test_a_delta_comes_as_soon_as_it_was_sent(self, provider: Provider) -> None:
        """Nothing on the way waits for more."""
        wire = [provider.wire(data) for data in provider.answer("One.", "Two.")]
        cut = next(index for index, event in enumerate(wire) if b"Two." in event)
        arrived = asyncio.Event()
        steps = [*wire[:cut], arrived, *wire[cut:], *provider.ending()]
        async with (
            serving(Reply(steps)) as server,
            closing(provider.model(server.origin)) as model,
        ):
            texts: list[str] = []
            async for chunk in model.stream(QUESTION, ""):
                if chunk.text:
                    texts.append(chunk.text)
                    arrived.set()
            assert texts == ["One.", "Two."]

    async def test_events_may_be_torn_apart_on_the_way(self, provider: Provider) -> None:
        whole = b"".join(map(provider.wire, provider.answer("né ", "日本"))) + b"".join(
            provider.ending()
        )
        pieces = [whole[index : index + 7] for index in range(0, len(whole), 7)]
        async with (
            serving(Reply(pieces)) as server,
            closing(provider.model(server.origin)) as model,
        ):
            assert text_of(await chunks_of(model)) == "né 日本"

    async def test_comments_and_unknown_events_are_skipped(self, provider: Provider) -> None:
        wire = [provider.wire(data) for data in provider.answer("Hi")]
        unknown = b'event: novelty\ndata: {"type": "novelty", "text": "boo"}\n\n'
        steps = [b": keep-alive\n\n", *wire[:2], unknown, b": again\n\n", *wire[2:]]
        async with (
            serving(Reply([*steps, *provider.ending()])) as server,
            closing(provider.model(server.origin)) as model,
        ):
            assert text_of(await chunks_of(model)) == "Hi"

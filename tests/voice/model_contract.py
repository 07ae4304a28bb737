"""What every language model must do, whoever serves it: run over doubles and the real engine."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol, cast

import pytest

from gramophone.errors import GramophoneError, ModelError
from gramophone.ports import LanguageModel, Message, ModelChunk
from tests.model_servers import JSON, ModelServer, Reply, Step, serving

KEY = "sk-proj-Zq81kV0s3cr3t"
QUESTION = (Message("user", "Say hello."),)
HURRY = (("retry-after-ms", "1"),)
"""The SDKs try again by themselves; this makes them do so at once."""


async def told(
    model: LanguageModel, messages: Sequence[Message] = QUESTION, system_prompt: str = "Be brief."
) -> list[ModelChunk]:
    """The whole answer."""
    return [chunk async for chunk in model.stream(messages, system_prompt)]


def text_of(chunks: Sequence[ModelChunk]) -> str:
    return "".join(chunk.text for chunk in chunks)


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
        chunks = await told(model)

        assert text_of(chunks).strip()
        assert len([chunk for chunk in chunks if chunk.text]) > 1
        (usage,) = [chunk.usage for chunk in chunks if chunk.usage is not None]
        assert usage.input_tokens > 0
        assert usage.output_tokens > 0
        (reason,) = [chunk.finish_reason for chunk in chunks if chunk.finish_reason]
        assert reason in {"stop", "length", "end_turn"}

    async def test_the_raw_chunk_is_kept(self, model: LanguageModel) -> None:
        for chunk in await told(model):
            assert isinstance(json.loads(chunk.raw), dict)
            if chunk.text:
                assert json.dumps(chunk.text, ensure_ascii=False) in chunk.raw

    async def test_it_answers_again(self, model: LanguageModel) -> None:
        first = text_of(await told(model))
        history = (*QUESTION, Message("assistant", first), Message("user", "And again."))

        assert text_of(await told(model, history)).strip()

    async def test_a_closed_stream_leaves_the_model_free(self, model: LanguageModel) -> None:
        stream = model.stream(QUESTION, "")
        await anext(stream)
        await close(stream)

        assert text_of(await told(model)).strip()


class Provider(Protocol):
    """A protocol's words, for the tests that need to script what is said."""

    name: str
    key_name: str
    path: str
    finish_reason: str

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
        chunks = await told(model)

        assert [chunk.text for chunk in chunks if chunk.text] == ["Hel", "lo", "."]
        assert chunks[-1].usage is not None or chunks[-2].usage is not None
        assert provider.finish_reason in [chunk.finish_reason for chunk in chunks]

    async def test_raw_chunks_hold_all_that_was_sent(
        self, provider: Provider, model: LanguageModel
    ) -> None:
        sent = [data for data in provider.answer("Hel", "lo", ".") if provider.visible(data)]

        assert [json.loads(chunk.raw) for chunk in await told(model)] == sent

    async def test_what_is_asked(
        self, provider: Provider, server: ModelServer, model: LanguageModel
    ) -> None:
        await told(model, (*QUESTION, Message("assistant", "Hello."), Message("user", "Ünd?")))

        (request,) = server.requests
        assert (request.method, request.path) == ("POST", provider.path)
        assert request.headers["authorization"] == f"Bearer {KEY}"
        assert request.body["stream"] is True
        assert request.body["model"] == model.model
        assert [m["content"] for m in request.body["messages"] if m["role"] != "system"] == [
            "Say hello.",
            "Hello.",
            "Ünd?",
        ]

    async def test_no_system_prompt_is_none_at_all(
        self, server: ModelServer, model: LanguageModel
    ) -> None:
        await told(model, system_prompt="")

        (request,) = server.requests
        assert "system" not in request.body
        assert {m["role"] for m in request.body["messages"]} == {"user"}

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
        heard = asyncio.Event()
        steps = [*wire[:cut], heard, *wire[cut:], *provider.ending()]
        async with (
            serving(Reply(steps)) as server,
            closing(provider.model(server.origin)) as model,
        ):
            texts: list[str] = []
            async for chunk in model.stream(QUESTION, ""):
                if chunk.text:
                    texts.append(chunk.text)
                    heard.set()
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
            assert text_of(await told(model)) == "né 日本"

    async def test_comments_and_unknown_events_are_skipped(self, provider: Provider) -> None:
        wire = [provider.wire(data) for data in provider.answer("Hi")]
        unknown = b'event: novelty\ndata: {"type": "novelty", "text": "boo"}\n\n'
        steps = [b": keep-alive\n\n", *wire[:2], unknown, b": again\n\n", *wire[2:]]
        async with (
            serving(Reply([*steps, *provider.ending()])) as server,
            closing(provider.model(server.origin)) as model,
        ):
            assert text_of(await told(model)) == "Hi"

    async def test_a_stream_without_its_end_gives_no_finish_reason(
        self, provider: Provider
    ) -> None:
        """Such a stream ends like a whole one; only the missing reason tells."""
        wire = [provider.wire(data) for data in provider.answer("Hel", "lo")]
        async with (
            serving(Reply(wire[:3])) as server,
            closing(provider.model(server.origin)) as model,
        ):
            chunks = await told(model)
        assert [chunk for chunk in chunks if chunk.finish_reason] == []

    async def test_a_stream_cut_in_its_middle_breaks_off(self, provider: Provider) -> None:
        wire = [provider.wire(data) for data in provider.answer("Hel", "lo")]
        heard = asyncio.Event()
        async with (
            serving(Reply([*wire[:4], heard, Step.CUT])) as server,
            closing(provider.model(server.origin)) as model,
        ):
            texts: list[str] = []

            def hear(chunk: ModelChunk) -> None:
                texts.append(chunk.text)
                if chunk.text:
                    heard.set()

            assert await failure(model, hear) == (
                f"{provider.name} broke the answer off (the connection was lost); "
                "what arrived is kept. Ask again."
            )
        assert "Hel" in texts

    async def test_an_error_inside_the_stream_breaks_off(self, provider: Provider) -> None:
        wire = [provider.wire(data) for data in provider.answer("Hel", "lo")]
        so_far: list[ModelChunk] = []
        error = provider.error_in_stream(f"Overloaded, said {KEY}")
        async with (
            serving(Reply([*wire[:4], error])) as server,
            closing(provider.model(server.origin)) as model,
        ):
            sentence = await failure(model, so_far.append)
        assert "Hel" in text_of(so_far)
        assert sentence.startswith(f"{provider.name} broke the answer off (")
        assert "Overloaded, said [key]" in sentence
        assert sentence.endswith("what arrived is kept. Ask again.")

    @pytest.mark.parametrize(
        ("status", "kind", "message", "advice"),
        [
            (400, "invalid_request_error", "prompt is too long", "shorten the prompt"),
            (401, "authentication_error", f"no such key: {KEY}", "check {key_name}"),
            (403, "permission_error", "not for you", "the key in {key_name} may not use"),
            (404, "not_found_error", "no such model", "check that the model"),
            (413, "request_too_large", "too large", "shorten the prompt"),
            (429, "rate_limit_error", "too fast", "wait a little, or check the account"),
            (500, "api_error", "internal error", "wait a little, then ask again"),
            (529, "overloaded_error", "Overloaded", "wait a little, then ask again"),
        ],
    )
    async def test_a_refusal_says_what_to_do(
        self, provider: Provider, status: int, kind: str, message: str, advice: str
    ) -> None:
        body = provider.refusal(kind, message)
        refusals = [Reply([body], status, JSON, HURRY) for _ in range(2)]
        async with (
            serving(*refusals) as server,
            closing(provider.model(server.origin)) as model,
        ):
            sentence = await failure(model)
        assert sentence.startswith(f"{provider.name} refused the request ({status}: ")
        assert message.replace(KEY, "[key]") in sentence
        assert advice.format(key_name=provider.key_name) in sentence

    async def test_a_long_complaint_is_cut(self, provider: Provider) -> None:
        body = provider.refusal("invalid_request_error", "because " * 1000)
        async with (
            serving(Reply([body], 400, JSON)) as server,
            closing(provider.model(server.origin)) as model,
        ):
            assert len(await failure(model)) < 500

    async def test_one_hiccup_is_overcome(self, provider: Provider) -> None:
        hiccup = Reply([provider.refusal("api_error", "oops")], 500, JSON, HURRY)
        async with (
            serving(hiccup, reply_of(provider, "Hi")) as server,
            closing(provider.model(server.origin)) as model,
        ):
            assert text_of(await told(model)) == "Hi"

    @pytest.mark.parametrize("status", [200, 502])
    async def test_a_web_page_is_no_answer(self, provider: Provider, status: int) -> None:
        page = b"<!doctype html>\n<html><body><h1>Welcome</h1>\n</body></html>\n"
        pages = [Reply([page], status, "text/html", HURRY) for _ in range(2)]
        async with (
            serving(*pages) as server,
            closing(provider.model(server.origin)) as model,
        ):
            sentence = await failure(model)
        host = server.origin.removeprefix("http://")
        if status == 200:
            assert sentence == (
                f"What answers at {host} does not speak as {provider.name} does; "
                "check the base URL."
            )
        else:
            assert "(502: " in sentence

    @pytest.mark.parametrize(
        "rubbish", ["{not json", "[1, 2]", '"text"', "7", "null", "{}", '{"choices": [3]}']
    )
    async def test_rubbish_among_the_events_does_no_harm(
        self, provider: Provider, rubbish: str
    ) -> None:
        """Either it is passed over or it ends the answer with a sentence."""
        wire = [provider.wire(data) for data in provider.answer("Hi")]
        torn = f"event: content_block_delta\ndata: {rubbish}\n\n".encode()
        async with (
            serving(Reply([*wire[:2], torn, *wire[2:], *provider.ending()])) as server,
            closing(provider.model(server.origin)) as model,
        ):
            if rubbish == "{not json":
                assert "broke the answer off" in await failure(model)
            else:
                assert text_of(await told(model)) == "Hi"

    async def test_a_silent_server_is_given_up(self, provider: Provider) -> None:
        silent = [Reply([Step.HANG], silent=True) for _ in range(2)]
        async with (
            serving(*silent) as server,
            closing(provider.model(server.origin, read_timeout_s=0.05)) as model,
        ):
            sentence = await failure(model)
        host = server.origin.removeprefix("http://")
        assert sentence == f"{provider.name} does not answer at {host}; ask again later."

    async def test_a_stream_that_falls_silent_is_given_up(self, provider: Provider) -> None:
        wire = [provider.wire(data) for data in provider.answer("Hel", "lo")]
        async with (
            serving(Reply([*wire[:4], Step.HANG])) as server,
            closing(provider.model(server.origin, read_timeout_s=0.5)) as model,
        ):
            assert await failure(model) == (
                f"{provider.name} stopped answering; what arrived is kept. Ask again."
            )

    async def test_nobody_at_the_address(self, provider: Provider) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        async with closing(provider.model(f"http://127.0.0.1:{port}")) as model:
            assert await failure(model) == (
                f"{provider.name} cannot be reached at 127.0.0.1:{port}; "
                "check the network and the base URL."
            )

    async def test_an_unknown_host(self, provider: Provider) -> None:
        async with closing(provider.model(f"http://user:{KEY}@models.invalid:81")) as model:
            assert "cannot be reached at models.invalid:81;" in await failure(model)

    @pytest.mark.parametrize("origin", ["http://[::1", "nonsense", "ftp://127.0.0.1", "http://"])
    async def test_an_address_that_is_none(self, provider: Provider, origin: str) -> None:
        async with closing(provider.model(origin)) as model:
            sentence = await failure(model)
        assert sentence.startswith(
            (f"No request to {provider.name} can be made (", f"{provider.name} cannot be reached")
        )
        assert "at ;" not in sentence

    @pytest.mark.parametrize("key", [f"{KEY}\nevil: 1", f"{KEY}é", f"{KEY}\t"])
    async def test_a_key_that_is_none_is_not_shown(self, provider: Provider, key: str) -> None:
        async with serving() as server, closing(provider.model(server.origin, key=key)) as model:
            sentence = await failure(model)
        assert sentence.startswith(f"{provider.key_name} holds characters that no key has")

    async def test_a_proxy_does_not_stand_before_this_machine(
        self, provider: Provider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        async with (
            serving(reply_of(provider, "Hi")) as server,
            closing(provider.model(server.origin)) as model,
        ):
            assert text_of(await told(model)) == "Hi"

    async def test_an_unusable_proxy_is_said(
        self, provider: Provider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ALL_PROXY", "nonsense://127.0.0.1:9")
        async with closing(provider.model("https://models.invalid")) as model:
            assert "check the base URL and the proxy settings." in await failure(model)

    async def test_a_closed_model_was_perhaps_never_asked(self, provider: Provider) -> None:
        model = provider.model("http://127.0.0.1:9")
        await model.aclose()
        assert model.model

"""Tries after the first: when they are made, what is said meanwhile, and what is left out."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from gramophone.core.clock import Clock
from gramophone.core.model_settings import ModelSettings
from gramophone.providers.llm.anthropic_messages import AnthropicMessages
from gramophone.providers.llm.endpoint_options import EndpointOptions
from gramophone.providers.llm.openai_chat import OpenAIChat
from tests.support.clocks import SkippingClock, WatchedClock
from tests.support.model_contract import chunks_of, closing, failure, text_of
from tests.support.model_servers import (
    JSON,
    OPENAI_DONE,
    ModelServer,
    Reply,
    Step,
    anthropic_event,
    anthropic_events,
    openai_chunks,
    openai_event,
    serving,
)

ANSWER = Reply([*map(openai_event, openai_chunks({"content": "Hi."})), OPENAI_DONE])
LOADING = "Loading model"


def refused(status: int, message: str = "no", *headers: tuple[str, str], **rest: Any) -> Reply:
    body = json.dumps({"error": {"message": message, **rest}}).encode()
    return Reply([body], status, JSON, headers)


class Bench:
    """A model of the endpoint mine, the time that it waits by, and what it says meanwhile."""

    def __init__(self, clock: Clock | None = None, **settings: Any) -> None:
        self.clock = clock or SkippingClock()
        self.progress: list[str] = []
        self.options = EndpointOptions(
            title="The endpoint mine",
            key_name="MY_KEY",
            settings=ModelSettings(**settings),
            progress=self.progress.append,
            clock=self.clock,
        )

    def model(self, server: ModelServer) -> OpenAIChat:
        return OpenAIChat(
            "m", base_url=f"{server.origin}/v1", provider="mine", options=self.options
        )


async def test_it_is_asked_three_times() -> None:
    bench = Bench()
    async with serving(refused(500), refused(502), ANSWER) as server:
        async with closing(bench.model(server)) as model:
            assert text_of(await chunks_of(model)) == "Hi."
    assert isinstance(bench.clock, SkippingClock)
    assert bench.clock.waits_s == [0.5, 2]
    assert bench.progress == [
        "mine has trouble (500); trying again in 1 s",
        "",
        "mine has trouble (502); trying again in 2 s",
        "",
    ]


async def test_and_no_fourth_time() -> None:
    async with serving(*[refused(503)] * 3) as server, closing(Bench().model(server)) as model:
        assert "(503: no); wait a little" in await failure(model)
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (refused(400), "choose another model with --model"),
        (refused(401), "it wants a key: set MY_KEY"),
        (refused(402), "(402: no); the account has no credit"),
        (refused(403), "may not use this model"),
        (refused(404, "no model m"), "check that the model 'm' exists"),
        (Reply([b"404 page not found"], 404, "text/plain"), "there is no such path; check the"),
        (refused(413), "the request is too large; shorten the prompt"),
        (refused(422), "check the settings and the extra_body"),
        (refused(429, code="insufficient_quota"), "its quota is used up"),
        (refused(429, "no", ("retry-after", "3600")), "(429: no); ask again in 60 minutes."),
        (
            refused(400, "no", type="exceed_context_size_error", n_prompt_tokens=9031, n_ctx=4096),
            "the prompt has 9,031 tokens, the model takes 4,096; shorten the prompt",
        ),
    ],
    ids=lambda value: "" if isinstance(value, Reply) else value,
)
async def test_what_waiting_does_not_help_is_said_at_once(reply: Reply, sentence: str) -> None:
    async with serving(reply) as server, closing(Bench().model(server)) as model:
        text = await failure(model)
    assert text.startswith("The endpoint mine refused the request (")
    assert sentence in text
    assert len(server.requests) == 1


async def test_an_address_without_a_path_may_lack_v1() -> None:
    async with serving(Reply([b"404 page not found"], 404, "text/plain")) as server:
        async with closing(OpenAIChat("m", base_url=server.origin)) as model:
            assert "it may have to end in /v1" in await failure(model)


async def test_the_server_says_when() -> None:
    bench = Bench()
    busy = refused(429, "slow down", ("retry-after", "20"))
    async with serving(busy, ANSWER) as server, closing(bench.model(server)) as model:
        assert text_of(await chunks_of(model)) == "Hi."
    assert isinstance(bench.clock, SkippingClock)
    assert bench.clock.waits_s == [20]
    assert bench.progress == ["mine is busy (429); trying again in 20 s", ""]


async def test_a_model_may_load_for_two_minutes() -> None:
    bench = Bench()
    async with serving(*[refused(503, LOADING)] * 40, ANSWER) as server:
        async with closing(bench.model(server)) as model:
            assert text_of(await chunks_of(model)) == "Hi."
    assert set(bench.progress) == {"mine is loading its model", ""}


async def test_and_not_for_longer() -> None:
    async with serving(*[refused(503, LOADING)] * 70) as server:
        async with closing(Bench().model(server)) as model:
            assert "still loading the model; ask again in a minute" in await failure(model)
    assert len(server.requests) == 61


async def test_a_wait_ends_at_once_when_it_is_cancelled() -> None:
    clock = WatchedClock()
    bench = Bench(clock)
    async with serving(refused(429, "no", ("retry-after", "60"))) as server:
        async with closing(bench.model(server)) as model:
            async with asyncio.TaskGroup() as group:
                asking = group.create_task(chunks_of(model))
                await clock.asleep(1)
                asking.cancel()
            assert asking.cancelled()
    assert bench.progress == ["mine is busy (429); trying again in 60 s", ""]


async def test_after_the_first_piece_nothing_is_asked_again() -> None:
    cut = Reply([*map(openai_event, openai_chunks({"content": "Hel"})[:2]), Step.CUT])
    async with serving(cut) as server, closing(Bench().model(server)) as model:
        assert "broke the answer off" in await failure(model)
    assert len(server.requests) == 1


async def test_a_lost_connection_is_made_again() -> None:
    async with serving(Reply([Step.CUT], silent=True), ANSWER) as server:
        async with closing(Bench().model(server)) as model:
            assert text_of(await chunks_of(model)) == "Hi."


class TestParameters:
    """Parameters that a model refuses."""

    async def test_it_is_left_out_at_the_second_try_and_remembered(self) -> None:
        bench = Bench(temperature=0.2, seed=7)
        no = refused(400, "Unsupported value", param="temperature")
        async with serving(no, ANSWER, ANSWER) as server:
            async with closing(bench.model(server)) as model:
                first = await chunks_of(model)
            async with closing(bench.model(server)) as model:
                second = await chunks_of(model)
        assert [request.body.get("temperature") for request in server.requests] == [0.2, None, None]
        assert [request.body["seed"] for request in server.requests] == [7, 7, 7]
        assert [chunk.notice for chunk in first if chunk.notice] == [
            "The endpoint mine does not take temperature; left out."
        ]
        assert not any(chunk.notice for chunk in second)
        assert bench.progress == []

    async def test_the_longest_answer_has_two_names(self) -> None:
        no = refused(400, "Unsupported parameter: 'max_tokens' is not supported. Use another.")
        async with serving(no, ANSWER) as server:
            async with closing(Bench(max_tokens=9).model(server)) as model:
                assert not any(chunk.notice for chunk in await chunks_of(model))
        assert server.requests[1].body["max_completion_tokens"] == 9
        assert "max_tokens" not in server.requests[1].body

    async def test_stream_options_are_left_out_without_a_word(self) -> None:
        no = refused(400, "Unrecognized request argument supplied: stream_options")
        async with serving(no, ANSWER) as server, closing(Bench().model(server)) as model:
            assert not any(chunk.notice for chunk in await chunks_of(model))
        assert "stream_options" not in server.requests[1].body

    async def test_a_system_prompt_goes_into_the_question(self) -> None:
        no = refused(500, "Jinja Exception: System role not supported")
        async with serving(no, ANSWER) as server, closing(Bench().model(server)) as model:
            chunks = await chunks_of(model)
        assert server.requests[1].body["messages"] == [
            {"role": "user", "content": "Be brief.\n\nSay hello."}
        ]
        assert [chunk.notice for chunk in chunks if chunk.notice] == [
            "The endpoint mine takes no system prompt; it stands before the first question instead."
        ]

    async def test_a_refusal_that_stays_is_the_answer(self) -> None:
        no = refused(400, "Unsupported value", param="temperature")
        async with serving(no, no) as server:
            async with closing(Bench(temperature=0.2).model(server)) as model:
                assert "Unsupported value" in await failure(model)

    async def test_what_the_protocol_does_not_have_is_said(self) -> None:
        bench = Bench(seed=7, temperature=0.2, max_tokens=9)
        answer = Reply([*map(anthropic_event, anthropic_events("Hi."))])
        async with serving(answer) as server:
            options = replace(bench.options, title="The endpoint mine")
            model = AnthropicMessages("m", api_key="k", base_url=server.origin, options=options)
            async with closing(model):
                chunks = await chunks_of(model)
        assert [chunk.notice for chunk in chunks if chunk.notice] == [
            "The endpoint mine does not take seed; left out."
        ]

"""Turns that fit a context: the newest, as far as an answer still fits behind them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gramophone.core.model_settings import ModelSettings
from gramophone.ports.language_model import Message, ModelChunk
from gramophone.providers.llm.context_window import newest_that_fit, room_chars
from gramophone.providers.llm.endpoint_memory import EndpointMemory
from gramophone.providers.llm.endpoint_options import EndpointOptions
from gramophone.providers.llm.openai_chat import OpenAIChat
from tests.support.model_contract import chunks_of, closing, failure
from tests.support.model_servers import (
    JSON,
    OPENAI_DONE,
    ModelServer,
    Reply,
    openai_chunks,
    openai_event,
    serving,
)

TALK = [
    Message("user", "aaaa"),
    Message("assistant", "bbbb"),
    Message("user", "cccc"),
    Message("assistant", "dddd"),
    Message("user", "eeee"),
]


@pytest.mark.parametrize(
    ("room", "expected"),
    [
        (100, "aaaa bbbb cccc dddd eeee"),
        (20, "aaaa bbbb cccc dddd eeee"),
        (19, "cccc dddd eeee"),
        (12, "cccc dddd eeee"),
        (11, "eeee"),
        (4, "eeee"),
        (0, "eeee"),
        (-5, "eeee"),
    ],
)
def test_the_newest_messages_are_kept(room: int, expected: str) -> None:
    assert [message.text for message in newest_that_fit(TALK, room, 0)] == expected.split()


def test_nothing_to_keep() -> None:
    assert newest_that_fit([], 100) == []


@pytest.mark.parametrize(
    ("answer_tokens", "room"),
    [(None, 3 * 3072 - 12), (100, 3 * 3996 - 12), (10**6, 3 * 3072 - 12)],
)
def test_room_is_left_for_the_answer(answer_tokens: int | None, room: int) -> None:
    assert room_chars(4096, answer_tokens, "", 3.0) == room
    assert room_chars(4096, answer_tokens, "Be brief.", 3.0) == room - 9


# --- over a socket ------------------------------------------------------------------------------

LONG_TALK = [
    Message("user" if number % 2 == 0 else "assistant", f"{number} " + "words " * 500)
    for number in range(9)
]


def answer(input_tokens: int = 2500) -> Reply:
    chunks = openai_chunks({"content": "Hi."}, usage=(input_tokens, 1))
    return Reply([*map(openai_event, chunks), OPENAI_DONE])


def too_long(**error: Any) -> Reply:
    fields = {"message": "too long", "type": "exceed_context_size_error", **error}
    return Reply([json.dumps({"error": fields}).encode()], 400, JSON)


def model_at(
    server: ModelServer, memory: EndpointMemory | None = None, context_tokens: int | None = None
) -> OpenAIChat:
    options = EndpointOptions(
        title="The endpoint mine",
        settings=ModelSettings(max_tokens=100),
        context_tokens=context_tokens,
        memory=memory or EndpointMemory(),
    )
    return OpenAIChat("m", base_url=f"{server.origin}/v1", options=options)


def notices(chunks: list[ModelChunk]) -> list[str]:
    return [chunk.notice for chunk in chunks if chunk.notice]


def sent(server: ModelServer, number: int) -> list[int]:
    """Numbers of the turns that a request held."""
    messages = server.requests[number].body["messages"]
    texts = [message["content"] for message in messages if message["role"] != "system"]
    return [int(text.split()[0]) for text in texts]


async def test_the_oldest_turns_are_left_out_and_it_is_said_once() -> None:
    async with serving(answer(), answer()) as server:
        async with closing(model_at(server, context_tokens=4096)) as model:
            first = await chunks_of(model, LONG_TALK)
            second = await chunks_of(model, LONG_TALK)
    assert sent(server, 0) == [6, 7, 8], "and the first of them is the user's"
    assert notices(first) == [
        "The endpoint mine takes 4,096 tokens: the oldest 6 turns are left out."
    ]
    assert notices(second) == []


async def test_the_server_says_what_it_takes() -> None:
    memory = EndpointMemory()
    refusal = too_long(n_prompt_tokens=7000, n_ctx=4096)
    async with serving(refusal, answer(), answer()) as server:
        async with closing(model_at(server, memory)) as model:
            assert len(notices(await chunks_of(model, LONG_TALK))) == 1
            await chunks_of(model, LONG_TALK)
    assert memory.context_tokens == 4096
    assert sent(server, 0) == list(range(9))
    assert sent(server, 1) == sent(server, 2) == [6, 7, 8]


async def test_a_server_that_gives_no_numbers_is_asked_with_less_until_it_fits() -> None:
    async with serving(too_long(), too_long(), answer()) as server:
        async with closing(model_at(server)) as model:
            await chunks_of(model, LONG_TALK)
    lengths = [len(sent(server, number)) for number in range(3)]
    assert lengths == sorted(lengths, reverse=True)
    assert len(set(lengths)) == 3


async def test_a_question_that_does_not_fit_alone_is_refused() -> None:
    refusal = too_long(n_prompt_tokens=9000, n_ctx=4096)
    async with serving(refusal) as server, closing(model_at(server)) as model:
        assert "the prompt has 9,000 tokens, the model takes 4,096;" in await failure(model)
    assert len(server.requests) == 1


async def test_the_estimate_follows_what_the_server_counts() -> None:
    memory = EndpointMemory()
    async with serving(answer(14_000)) as server, closing(model_at(server, memory)) as model:
        await chunks_of(model, LONG_TALK)
    assert 1.5 < memory.chars_per_token < 2


async def test_a_server_that_cuts_the_prompt_by_itself_is_named() -> None:
    async with serving(answer(900), answer(900)) as server:
        async with closing(model_at(server)) as model:
            first = await chunks_of(model, LONG_TALK)
            second = await chunks_of(model, LONG_TALK)
    assert notices(first) == [
        "The endpoint mine counted 900 tokens of a prompt that has about 7,000: it may have cut "
        "off its beginning. Set context_tokens to what it takes (docs/models.md)."
    ]
    assert notices(second) == []

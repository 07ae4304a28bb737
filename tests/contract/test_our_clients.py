"""Gramophone's own clients against the stand-in: the contract of every model, and the faults."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator

import pytest

from fixtures.recordings import load, names
from gramophone.core.clock import ManualClock
from gramophone.core.timeline import DeltaReceived
from gramophone.ports.language_model import LanguageModel, Message, ModelChunk, Usage
from gramophone.providers.llm.anthropic_messages import AnthropicMessages
from gramophone.providers.llm.openai_chat import OpenAIChat
from gramophone.providers.llm.openai_responses import OpenAIResponses
from gramophone.standin.llm.answer_selection import runs_of
from gramophone.standin.server.routes import Address
from gramophone.standin.source.answers import answers_of
from gramophone.wire.llm.answer import RawPiece
from tests.support.model_contract import KEY, ModelContract, chunks_of, closing, failure, text_of
from tests.support.model_standin import HELLO, LOOKING, standing_in

OPENAI, RESPONSES, ANTHROPIC = "OpenAI", "Responses", "Anthropic"


def model_at(provider: str, address: Address, **options: float) -> LanguageModel:
    if provider == OPENAI:
        return OpenAIChat("m", api_key=KEY, base_url=address.http("/v1"), **options)  # pyright: ignore[reportArgumentType]
    if provider == RESPONSES:
        return OpenAIResponses("m", api_key=KEY, base_url=address.http("/v1"), **options)  # pyright: ignore[reportArgumentType]
    return AnthropicMessages("m", api_key=KEY, base_url=address.http(), **options)  # pyright: ignore[reportArgumentType]


@pytest.fixture(params=[OPENAI, ANTHROPIC])
def provider(request: pytest.FixtureRequest) -> str:
    return request.param


class TestContract(ModelContract):
    @pytest.fixture(params=[OPENAI, RESPONSES, ANTHROPIC])
    def provider(self, request: pytest.FixtureRequest) -> str:
        return request.param

    @pytest.fixture
    async def model(self, provider: str) -> AsyncGenerator[LanguageModel]:
        async with (
            standing_in(HELLO) as address,
            closing(model_at(provider, address)) as model,
        ):
            yield model

    async def test_deltas_are_handed_on_one_by_one(self, model: LanguageModel) -> None:
        assert [chunk.text for chunk in await chunks_of(model) if chunk.text] == ["Hel", "lo", "."]

    async def test_thoughts_come_in_every_protocol(self, provider: str) -> None:
        async with (
            standing_in(LOOKING) as address,
            closing(model_at(provider, address)) as model,
        ):
            chunks = await chunks_of(model, [Message("user", "Look twice.")])
        assert "".join(chunk.thought for chunk in chunks) == "Twice, then."
        assert text_of(chunks) == "I look."
        # Chat Completions has no field for a signature.
        items = [chunk.give_back for chunk in chunks if chunk.give_back]
        assert ["EqQB" in item for item in items] == ([] if provider == OPENAI else [True])


class TestRecordings:
    """What was recorded is what a client of the same kind hears again."""

    @pytest.mark.parametrize("name", names())
    async def test_a_recorded_answer_is_heard_as_it_was(self, name: str) -> None:
        events = load(name)
        answers = answers_of(events)
        async with (
            standing_in(*answers) as address,
            closing(model_at(OPENAI, address)) as model,
        ):
            # Calls to tools are for clients that offer some; ours gets the answer behind them.
            for *_, answer in runs_of(answers):
                chunks = await chunks_of(model, [Message("user", answer.prompt or "")])
                raw = [
                    json.loads(piece.raw) for piece in answer.pieces if isinstance(piece, RawPiece)
                ]
                assert [json.loads(chunk.raw) for chunk in chunks][: len(raw)] == raw
                assert answer.finish_reason in {chunk.finish_reason for chunk in chunks}

    async def test_in_another_providers_words_it_says_the_same(self) -> None:
        events = load("short-answer")
        (answer,) = answers_of(events)
        async with (
            standing_in(answer) as address,
            closing(model_at(ANTHROPIC, address)) as model,
        ):
            chunks = await chunks_of(model, [Message("user", answer.prompt or "")])
        texts = [event.text for event in events if isinstance(event, DeltaReceived)]
        assert [chunk.text for chunk in chunks if chunk.text] == texts
        counted = [chunk.usage for chunk in chunks if chunk.usage is not None]
        assert counted == [Usage(answer.input_tokens, answer.output_tokens)]


class TestFaults:
    @pytest.mark.parametrize(
        ("fault", "says"),
        [
            ("refuse=400", "shorten the prompt"),
            ("refuse=401", "check "),
            ("refuse=403", "may not use this model"),
            ("refuse=404", "exists, or choose another"),
            ("sse-cut", "broke the answer off (the connection was lost)"),
            ("drop=700", "broke the answer off (the connection was lost)"),
            ("malformed-chunk", "broke the answer off (the connection was lost)"),
            ("rubbish=#3", "broke the answer off ("),
            ("overloaded", "broke the answer off ("),
        ],
    )
    async def test_what_goes_wrong_is_said(self, provider: str, fault: str, says: str) -> None:
        async with (
            standing_in(faults=[fault]) as address,
            closing(model_at(provider, address)) as model,
        ):
            sentence = await failure(model)
        assert sentence.startswith(provider)
        assert says in sentence

    async def test_a_token_is_cut_in_its_middle(self, provider: str) -> None:
        """What came before it is kept."""
        so_far: list[ModelChunk] = []
        async with (
            standing_in(faults=["sse-cut=#5"]) as address,
            closing(model_at(provider, address)) as model,
        ):
            assert "the connection was lost" in await failure(model, so_far.append)
        assert text_of(so_far) == ("Hello." if provider == OPENAI else "Hel")

    async def test_a_stream_that_stalls_is_given_up(self, provider: str) -> None:
        async with (
            standing_in(faults=["stall=#5"]) as address,
            closing(model_at(provider, address, read_timeout_s=0.3)) as model,
        ):
            assert await failure(model) == (
                f"{provider} stopped answering; what arrived is kept. Ask again."
            )

    @pytest.mark.parametrize("fault", ["silent", "slow-first-byte=60000"])
    async def test_a_silent_server_is_given_up(self, provider: str, fault: str) -> None:
        async with (
            standing_in(faults=[fault], clock=ManualClock()) as address,
            closing(model_at(provider, address, read_timeout_s=0.05)) as model,
        ):
            assert "does not answer at" in await failure(model)

    @pytest.mark.parametrize("fault", ["unknown-type", "unknown-type=#4", "jitter=1"])
    async def test_what_does_no_harm(self, provider: str, fault: str) -> None:
        async with (
            standing_in(faults=[fault]) as address,
            closing(model_at(provider, address)) as model,
        ):
            assert text_of(await chunks_of(model)) == "Hello."

    async def test_events_that_come_twice_are_said_twice(self, provider: str) -> None:
        async with (
            standing_in(faults=["duplicate=#4"]) as address,
            closing(model_at(provider, address)) as model,
        ):
            texts = text_of(await chunks_of(model))
        assert texts == ("Hello.." if provider == OPENAI else "HelHello.")

    async def test_one_refusal_is_overcome(self, provider: str) -> None:
        async with (
            standing_in(faults=["refuse=529@0"]) as address,
            closing(model_at(provider, address)) as model,
        ):
            assert text_of(await chunks_of(model)) == "Hello."

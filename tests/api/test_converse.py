"""`gramophone.converse`: questions in, answers and events out, as in the app."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

import gramophone
from gramophone.core.errors import ConfigError, GramophoneError, ModelError
from gramophone.core.timeline import (
    AudioReceived,
    DeltaReceived,
    Event,
    TextSpoken,
    TurnCompleted,
    TurnStarted,
)
from gramophone.ports.language_model import Usage
from gramophone.wire.llm.answer import ModelAnswer, TextPiece
from storage.library import StoredLibrary
from tests.support.event_reading import read
from tests.support.model_servers import ModelServer, Reply, Step, serving
from tests.support.model_standin import HELLO, standing_in
from tests.support.recordings import everything_in
from tests.support.standins import running

MORE = ModelAnswer(None, (TextPiece("And more of it."),), input_tokens=20, output_tokens=4)


@pytest.fixture
async def model(home: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[None]:
    """A model that says hello, then more."""
    async with standing_in(HELLO, MORE) as address:
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{address.port}/v1")
        yield


@asynccontextmanager
async def a_server(
    monkeypatch: pytest.MonkeyPatch, replies: Sequence[Reply]
) -> AsyncGenerator[ModelServer]:
    """A model whose every byte a test decides."""
    async with serving(*replies) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.origin}/v1")
        yield server


def delta(text: str) -> bytes:
    """A chunk of Chat Completions."""
    return f'data: {{"choices": [{{"index": 0, "delta": {{"content": "{text}"}}}}]}}\n\n'.encode()


async def stored_texts(home: Path) -> list[tuple[str, str]]:
    async with await StoredLibrary.open(home) as library:
        record = await library.session(await library.resolve("last"))
    return [(turn.role, turn.text) for turn in record.turns]


class TestAsking:
    async def test_an_answer_is_a_value(self, home: Path, model: None) -> None:
        async with gramophone.converse(mute=True) as talk:
            answer = await talk.ask("Say hello.")
        assert (answer.text, answer.turn, answer.finish_reason) == ("Hello.", 1, "stop")
        assert answer.session_id == talk.session_id
        assert answer.usage == Usage(9, 4)
        assert (answer.calls, answer.sources, answer.failures) == ((), (), ())
        assert not answer.interrupted

    async def test_the_history_goes_on(self, home: Path, model: None) -> None:
        async with gramophone.converse(mute=True) as talk:
            await talk.ask("Say hello.")
            second = await talk.ask("More.")
        assert (second.text, second.turn) == ("And more of it.", 3)
        assert await stored_texts(home) == [
            ("user", "Say hello."),
            ("assistant", "Hello."),
            ("user", "More."),
            ("assistant", "And more of it."),
        ]

    async def test_events_of_one_question(self, home: Path, model: None) -> None:
        async with gramophone.converse(mute=True) as talk:
            await talk.ask("Say hello.")
            events = [event async for event in talk.stream("More.")]
        assert events[0] == TurnStarted(at_us=events[0].at_us, turn=2, role="user", text="More.")
        assert isinstance(events[-1], TurnCompleted)
        assert [event.text for event in events if isinstance(event, TextSpoken)] == [
            "And more of it."
        ]
        assert any(isinstance(event, AudioReceived) for event in events)

    async def test_a_text_is_spoken_without_the_model(self, home: Path, model: None) -> None:
        async with gramophone.converse(mute=True) as talk:
            assert (await talk.say("Good morning.")).finish_reason == "said"
        assert await stored_texts(home) == [("assistant", "Good morning.")]

    @pytest.mark.parametrize("kind", ["plain", "asynchronous"])
    async def test_pieces_are_spoken_while_they_come(
        self, home: Path, model: None, kind: str
    ) -> None:
        async def asynchronous() -> AsyncGenerator[str]:
            for piece in ("Good ", "mor", "ning. How are you?"):
                yield piece

        async with gramophone.converse(mute=True) as talk:
            pieces = ["Good ", "mor", "ning. How are you?"] if kind == "plain" else asynchronous()
            spoken = await talk.say(pieces)
            answer = await talk.ask("Say hello.")
        assert (spoken.text, spoken.failures) == ("Good morning. How are you?", ())
        assert answer.text == "Hello."
        assert await stored_texts(home) == [
            ("assistant", "Good morning. How are you?"),
            ("user", "Say hello."),
            ("assistant", "Hello."),
        ]

    async def test_pieces_that_break_off_raise_with_their_text(
        self, home: Path, model: None
    ) -> None:
        def pieces() -> Iterator[str]:
            yield "Good morning. "
            raise ValueError("no more")

        async with gramophone.converse(mute=True) as talk:
            with pytest.raises(ModelError, match="no more") as raised:
                await talk.say(pieces())
            assert raised.value.partial_text == "Good morning. "
            assert (await talk.ask("Say hello.")).text == "Hello."

    async def test_nothing_is_left_where_it_is_not_wanted(self, home: Path, model: None) -> None:
        async with gramophone.converse(mute=True, record=False) as talk:
            await talk.ask("Say hello.")
        assert everything_in(home) == {}


class TestStopping:
    async def test_cancelling_stops_the_model(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with a_server(monkeypatch, [Reply([delta("Well, "), Step.HANG])]) as server:
            async with gramophone.converse(mute=True) as talk, asyncio.TaskGroup() as group:
                begun = asyncio.Event()

                async def listen() -> None:
                    async for event in talk.stream("Hm?"):
                        if isinstance(event, DeltaReceived):
                            begun.set()

                asking = group.create_task(listen())
                await begun.wait()
                asking.cancel()
                await server.requests[0].gone.wait()
            assert await stored_texts(home) == [("user", "Hm?"), ("assistant", "Well, ")]

    async def test_closing_the_stream_stops_the_model(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with (
            a_server(monkeypatch, [Reply([delta("Well, "), Step.HANG])]) as server,
            gramophone.converse(mute=True) as talk,
        ):
            async with aclosing(talk.stream("Hm?")) as events:
                async for event in events:
                    if isinstance(event, DeltaReceived):
                        break
            await server.requests[0].gone.wait()

    async def test_leaving_ends_an_answer_that_is_awaited(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with (
            a_server(monkeypatch, [Reply([delta("Well, "), Step.HANG])]),
            asyncio.TaskGroup() as group,
        ):
            async with gramophone.converse(mute=True) as talk:
                asking = group.create_task(talk.ask("Hm?"))
                async with aclosing(talk.stream("And now?")) as events:
                    await anext(events)
            answer = await asking
        assert answer.interrupted

    async def test_stop_keeps_the_text(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        async with (
            a_server(monkeypatch, [Reply([delta("Well, "), Step.HANG])]),
            gramophone.converse(mute=True) as talk,
        ):
            async for event in talk.stream("Hm?"):
                if isinstance(event, DeltaReceived):
                    talk.stop()
        assert await stored_texts(home) == [("user", "Hm?"), ("assistant", "Well, ")]


class TestFailing:
    async def test_a_model_that_breaks_off_raises_with_its_text(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        replies = [Reply([delta("Well, "), Step.CUT]), Reply([delta("Well, "), Step.CUT])]
        async with (
            a_server(monkeypatch, replies),
            gramophone.converse(mute=True) as talk,
        ):
            with pytest.raises(ModelError, match="the connection was lost") as caught:
                await talk.ask("Hm?")
            assert caught.value.partial_text == "Well, "
            events: list[Event] = []
            with pytest.raises(ModelError, match="the connection was lost"):
                await read(talk.stream("Hm?"), events)
        assert [event.text for event in events if isinstance(event, DeltaReceived)] == ["Well, "]

    async def test_a_voice_that_fails_leaves_the_answer(self, home: Path, model: None) -> None:
        async with (
            running("refuse=401@0", "refuse=401@1", "refuse=401@2") as speak_url,
            gramophone.converse(mute=True, speak_url=speak_url) as talk,
        ):
            answer = await talk.ask("Say hello.")
        assert answer.text == "Hello."
        (failure,) = answer.failures
        assert (failure.stage, "401" in failure.detail) == ("speech", True)

    async def test_an_empty_question_is_refused(self, home: Path, model: None) -> None:
        async with gramophone.converse(mute=True) as talk:
            with pytest.raises(GramophoneError, match="nothing to send"):
                await talk.ask("  ")

    async def test_a_conversation_that_is_over_is_not_asked(self, home: Path, model: None) -> None:
        async with gramophone.converse(mute=True) as talk:
            pass
        with pytest.raises(GramophoneError, match="has ended"):
            await talk.ask("Hm?")

    @pytest.mark.parametrize("name", ["tools", "docs"])
    async def test_what_is_not_there_yet_is_refused(self, home: Path, name: str) -> None:
        with pytest.raises(ConfigError, match=f"{name}= is not supported yet; leave it out"):
            async with gramophone.converse(**{name: [print]}):  # pyright: ignore[reportArgumentType]
                pass

    async def test_an_unknown_endpoint_is_refused(self, home: Path) -> None:
        with pytest.raises(ConfigError, match="acme"):
            async with gramophone.converse(endpoint="acme"):
                pass

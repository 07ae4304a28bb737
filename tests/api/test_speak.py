"""`gramophone.speak`: text in, events and sound out, a whole recording left behind."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

import gramophone
from gramophone.core.errors import ConfigError, GramophoneError, ModelError, SpeechError
from gramophone.core.timeline import (
    AudioReceived,
    DeltaReceived,
    Event,
    SessionStarted,
    TextSpoken,
    TurnCompleted,
)
from gramophone.library.library import SessionRecord
from storage.library import StoredLibrary
from tests.support.event_reading import read
from tests.support.model_servers import Reply, serving
from tests.support.openai_audio import wav
from tests.support.recordings import everything_in
from tests.support.standins import running
from tests.support.wav_files import pcm_of

TEXT = "Records turn. Needles listen."
PIECES = ["Records ", "tu", "rn. Needles", " listen."]


async def recorded(home: Path) -> SessionRecord:
    """The newest session of a library."""
    async with await StoredLibrary.open(home) as library:
        return await library.session(await library.resolve("last"))


def sound_of(record: SessionRecord) -> bytes:
    """The sound of its only spoken turn, as it is on the disk."""
    (turn,) = [turn for turn in record.turns if turn.audio]
    assert turn.audio is not None
    return pcm_of(turn.audio.path)


async def pieces() -> AsyncGenerator[str]:
    for piece in PIECES:
        yield piece


async def texts_of(speech: gramophone.Speech) -> tuple[list[str], str]:
    """The chunks that were spoken, and the whole text at the end."""
    events = [event async for event in speech]
    (end,) = [event.text for event in events if isinstance(event, TurnCompleted)]
    return [event.text for event in events if isinstance(event, TextSpoken)], end


class TestText:
    async def test_events_come_from_the_first_to_the_last(self, home: Path) -> None:
        async with gramophone.speak(TEXT, mute=True) as speech:
            events = [event async for event in speech]
        assert isinstance(events[0], SessionStarted)
        assert isinstance(events[-1], TurnCompleted)
        assert events[0].session_id == speech.session_id
        assert [event.text for event in events if isinstance(event, TextSpoken)] == [
            "Records turn.",
            "Needles listen.",
        ]

    @pytest.mark.parametrize(
        "make", [pieces, lambda: PIECES, lambda: iter(PIECES)], ids=["async", "list", "plain"]
    )
    async def test_pieces_are_spoken_as_the_whole_is(self, home: Path, make: Any) -> None:
        async with gramophone.speak(make(), mute=True) as speech:
            chunks, text = await texts_of(speech)
        assert (chunks, text) == (["Records turn.", "Needles listen."], TEXT)
        record = await recorded(home)
        (turn,) = record.turns
        assert (turn.role, turn.text) == ("assistant", TEXT)
        assert record.summary.provider == "text"

    async def test_a_sentence_is_spoken_before_the_next_one_is_there(self, home: Path) -> None:
        spoken = asyncio.Event()

        async def awaiting() -> AsyncGenerator[str]:
            yield "Records turn. But "
            await spoken.wait()
            yield "then they end."

        async with gramophone.speak(awaiting(), mute=True) as speech:
            async for event in speech:
                if isinstance(event, TextSpoken):
                    spoken.set()
        assert (await recorded(home)).turns[0].text == "Records turn. But then they end."

    async def test_a_plain_iterator_may_block(self, home: Path) -> None:
        spoken = threading.Event()

        def blocking() -> Iterator[str]:
            yield "Records turn. But "
            spoken.wait()
            yield "then they end."

        async with gramophone.speak(blocking(), mute=True) as speech:
            async for event in speech:
                if isinstance(event, TextSpoken):
                    spoken.set()
        assert (await recorded(home)).turns[0].text == "Records turn. But then they end."

    @pytest.mark.parametrize("text", ["", " \n"])
    async def test_nothing_is_refused(self, home: Path, text: str) -> None:
        with pytest.raises(GramophoneError, match=r"There is nothing to speak"):
            async with gramophone.speak(text):
                pass


class TestSound:
    async def test_frames_are_the_samples_that_are_recorded(self, home: Path) -> None:
        async with gramophone.speak(TEXT, mute=True) as speech:
            frames = [frame async for frame in speech.audio()]
            answer = await speech.finished()
        assert answer.text == TEXT
        assert answer.session_id == speech.session_id
        assert all(len(frame) % 2 == 0 for frame in frames)
        assert b"".join(frames) == sound_of(await recorded(home))

    async def test_frames_that_end_within_a_sample_are_joined(self, home: Path) -> None:
        async with (
            running("odd-frames") as speak_url,
            gramophone.speak(TEXT, mute=True, speak_url=speak_url) as speech,
        ):
            frames = [frame async for frame in speech.audio()]
        assert all(len(frame) % 2 == 0 for frame in frames)
        assert b"".join(frames) == sound_of(await recorded(home))

    async def test_events_and_sound_are_read_beside_each_other(self, home: Path) -> None:
        async with gramophone.speak(TEXT, mute=True) as speech:
            events = [event async for event in speech]
            frames = [frame async for frame in speech.audio()]
        in_events = [event.pcm for event in events if isinstance(event, AudioReceived)]
        assert b"".join(in_events) == b"".join(frames) != b""

    async def test_a_second_reading_ends_at_once(self, home: Path) -> None:
        async with gramophone.speak(TEXT, mute=True) as speech:
            assert [event async for event in speech] != []
            assert [event async for event in speech] == []

    async def test_the_rate_is_as_wanted(self, home: Path) -> None:
        async with gramophone.speak(TEXT, mute=True, sample_rate_hz=8000) as speech:
            frames = [frame async for frame in speech.audio()]
        assert speech.sample_rate_hz == 8000
        (turn,) = (await recorded(home)).turns
        assert turn.audio is not None
        assert turn.audio.samples == len(b"".join(frames)) // 2

    async def test_a_voice_of_another_rate_is_recorded_as_it_came(self, home: Path) -> None:
        sent = bytes(index % 251 for index in range(44_100))
        reply = Reply([wav(sent, 22_050)], content_type="audio/wav")
        async with (
            serving(reply) as server,
            gramophone.speak(
                "Hello.", mute=True, speak_url=f"{server.origin}/v1/audio/speech"
            ) as speech,
        ):
            frames = [frame async for frame in speech.audio()]
        record = await recorded(home)
        (turn,) = record.turns
        assert turn.audio is not None
        assert (record.sample_rate_hz, turn.audio.sample_rate_hz) == (24_000, 22_050)
        assert sound_of(record) == sent
        assert (speech.sample_rate_hz, len(b"".join(frames))) == (24_000, 48_000)


class TestRecording:
    async def test_nothing_is_left_where_it_is_not_wanted(self, home: Path) -> None:
        async with gramophone.speak(TEXT, mute=True, record=False) as speech:
            await speech.finished()
        assert everything_in(home) == {}

    async def test_another_folder_is_another_library(self, home: Path, tmp_path: Path) -> None:
        async with gramophone.speak(TEXT, mute=True, record=tmp_path / "other") as speech:
            await speech.finished()
        assert everything_in(home) == {}
        assert (await recorded(tmp_path / "other")).turns[0].text == TEXT

    async def test_a_library_that_cannot_be_written_is_refused(
        self, home: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "file").write_text("in the way")
        with pytest.raises(GramophoneError, match="file"):
            async with gramophone.speak(TEXT, mute=True, record=tmp_path / "file"):
                pass


class Endless:
    """An endless text, and whether it was closed."""

    def __init__(self) -> None:
        self.closed = asyncio.Event()

    async def pieces(self) -> AsyncIterator[str]:
        try:
            while True:
                yield "Records turn. "
                await asyncio.sleep(0)
        finally:
            self.closed.set()


class TestLeaving:
    async def test_leaving_the_block_stops_text_and_sound(self, home: Path) -> None:
        text = Endless()
        async with gramophone.speak(text.pieces(), mute=True) as speech:
            async for event in speech:
                if isinstance(event, AudioReceived):
                    break
        await text.closed.wait()
        (turn,) = (await recorded(home)).turns
        assert turn.finish_reason == "interrupted"
        assert turn.text.startswith("Records turn. ")
        assert sound_of(await recorded(home))

    async def test_stopping_ends_the_events(self, home: Path) -> None:
        async with gramophone.speak(Endless().pieces(), mute=True) as speech:
            async for event in speech:
                if isinstance(event, AudioReceived):
                    speech.stop()
            answer = await speech.finished()
        assert answer.interrupted

    async def test_a_cancelled_program_leaves_a_whole_recording(self, home: Path) -> None:
        text = Endless()
        begun = asyncio.Event()

        async def speak() -> None:
            async with gramophone.speak(text.pieces(), mute=True) as speech:
                async for event in speech:
                    if isinstance(event, AudioReceived):
                        begun.set()

        async with asyncio.TaskGroup() as group:
            speaking = group.create_task(speak())
            await begun.wait()
            speaking.cancel()
            # Some frameworks cancel again and again, until the task has ended.
            await asyncio.sleep(0)
            speaking.cancel()
        assert speaking.cancelled()
        await text.closed.wait()
        record = await recorded(home)
        assert record.turns[0].finish_reason == "interrupted"
        assert not record.summary.recovered
        assert len(everything_in(home / "audio")) == 1

    async def test_an_error_in_the_block_goes_through(self, home: Path) -> None:
        with pytest.raises(ZeroDivisionError):
            async with gramophone.speak(Endless().pieces(), mute=True):
                raise ZeroDivisionError
        assert (await recorded(home)).turns[0].finish_reason == "interrupted"


class TestFailures:
    async def test_a_text_that_breaks_off_raises_at_the_end(self, home: Path) -> None:
        def broken() -> Iterator[str]:
            yield "Records turn. "
            raise OSError("the pen broke")

        events: list[Event] = []
        async with gramophone.speak(broken(), mute=True) as speech:
            with pytest.raises(ModelError, match=r"failed \(OSError: the pen broke\)") as caught:
                await read(aiter(speech), events)
            with pytest.raises(ModelError):
                await speech.finished()
        assert caught.value.partial_text == "Records turn. "
        assert [event.text for event in events if isinstance(event, DeltaReceived)] == [
            "Records turn. "
        ]

    async def test_pieces_that_are_not_text_are_refused(self, home: Path) -> None:
        wrong: Any = [b"Records turn."]
        async with gramophone.speak(wrong, mute=True) as speech:
            with pytest.raises(ModelError, match="of type bytes; give strings alone"):
                await speech.finished()

    async def test_a_voice_that_refuses_is_an_error(self, home: Path) -> None:
        async with (
            running("refuse=401@0", "refuse=401@1", "refuse=401@2") as speak_url,
            gramophone.speak(TEXT, mute=True, speak_url=speak_url) as speech,
        ):
            with pytest.raises(SpeechError, match="401"):
                await speech.finished()

    async def test_a_wrong_setting_is_refused_before_anything_begins(self, home: Path) -> None:
        with pytest.raises(ConfigError, match="sample_rate_hz is 1"):
            async with gramophone.speak(TEXT, sample_rate_hz=1):
                pass
        assert everything_in(home) == {}

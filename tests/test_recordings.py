"""Every recording in `fixtures/recordings/` keeps, replays and serves as it was made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fixtures import recordings
from gramophone.standin.recording import recorded_speech
from gramophone.timeline import AudioReceived, Event, SessionEnded, SessionStarted
from storage.library import Library
from storage.recorder import Recorder

NAMES = recordings.names()


def with_pcm(events: list[Event]) -> list[tuple[Event, bytes]]:
    return [(e, e.pcm if isinstance(e, AudioReceived) else b"") for e in events]


async def keep(home: Path, events: list[Event]) -> str:
    started = events[0]
    assert isinstance(started, SessionStarted)
    async with Recorder.open(home) as recorder:
        for event in events:
            recorder.emit(event)
    return started.session_id


@pytest.mark.parametrize("name", NAMES)
class TestRecording:
    def test_it_is_a_whole_session(self, name: str) -> None:
        events = recordings.load(name)
        assert isinstance(events[0], SessionStarted)
        assert isinstance(events[-1], SessionEnded)
        assert [e.at_us for e in events] == sorted(e.at_us for e in events)
        for event in events:
            if isinstance(event, AudioReceived):
                assert len(event.pcm) == event.size_bytes > 0

    def test_it_names_no_place_of_the_machine_it_was_made_on(self, name: str) -> None:
        told = (recordings.RECORDINGS / name / "events.jsonl").read_text(encoding="utf-8")
        assert "site-packages" not in told
        assert ".gguf" not in told

    async def test_it_is_kept_as_it_was(self, name: str, tmp_path: Path) -> None:
        events = recordings.load(name)
        session_id = await keep(tmp_path, events)
        async with await Library.open(tmp_path) as library:
            assert with_pcm(await library.events(session_id)) == with_pcm(events)
            assert await library.verify() == []

    async def test_what_is_kept_again_is_the_same(self, name: str, tmp_path: Path) -> None:
        session_id = await keep(tmp_path / "one", recordings.load(name))
        async with await Library.open(tmp_path / "one") as library:
            once = await library.events(session_id)
        await keep(tmp_path / "two", once)
        async with await Library.open(tmp_path / "two") as library:
            assert with_pcm(await library.events(session_id)) == with_pcm(once)

    def test_it_can_play_the_service(self, name: str) -> None:
        events = recordings.load(name)
        speech = recorded_speech(events)
        frames = [pcm for segment in speech.segments for _, pcm in segment.frames or ()]
        assert frames == [e.pcm for e in events if isinstance(e, AudioReceived)]

    async def test_damage_is_found(self, name: str, tmp_path: Path) -> None:
        events = recordings.load(name)
        first = next(i for i, e in enumerate(events) if isinstance(e, AudioReceived))
        frame = events[first]
        assert isinstance(frame, AudioReceived)
        session_id = await keep(tmp_path, events)
        (wav,) = (tmp_path / "audio" / session_id).glob(f"{frame.turn}.wav")
        content = bytearray(wav.read_bytes())
        content[100] ^= 0xFF
        wav.write_bytes(content)
        async with await Library.open(tmp_path) as library:
            assert len(await library.verify(session_id)) == 1
            changed = replace(frame, pcm=b"")
            assert changed in await library.events(session_id, with_pcm=False)

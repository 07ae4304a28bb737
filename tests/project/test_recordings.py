"""Every recording in `fixtures/recordings/` keeps, replays and serves as it was made."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import pytest

from fixtures import recordings
from gramophone.core.clock import ManualClock
from gramophone.core.codec import encode_line
from gramophone.core.timeline import (
    AudioReceived,
    Entry,
    Event,
    SessionEnded,
    SessionStarted,
    SpeechDisconnected,
    TextSpoken,
    TurnCompleted,
    TurnInterrupted,
)
from gramophone.library.export_request import ExportRequest
from gramophone.replay.replay import Replay, ReplayOptions, ReplayPorts
from gramophone.replay.schedule import ReplaySchedule
from gramophone.standin.source.answers import answers_of
from gramophone.standin.source.speak_v2 import recorded_flux
from gramophone.standin.source.speech import recorded_speech
from gramophone.wire.llm.answer import ToolPiece
from gramophone.wire.llm.answer_blocks import plain_pieces
from storage.bundle.reader import read_bundle
from storage.library import StoredLibrary
from storage.recording.recorder import Recorder
from tests.support.bundles import bytes_of
from tests.support.paced_speaker import PacedSpeaker

T = TypeVar("T", bound=Event)

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
        lines = " ".join(encode_line(event) for event in recordings.load(name))
        for machine_path in ("site-packages", ".gguf", "/home/", "/root/", "/tmp/"):
            assert machine_path not in lines

    def test_it_is_small(self, name: str) -> None:
        assert recordings.path_of(name).stat().st_size < 1_000_000

    async def test_it_is_kept_as_it_was(self, name: str, tmp_path: Path) -> None:
        events = recordings.load(name)
        session_id = await keep(tmp_path, events)
        async with await StoredLibrary.open(tmp_path) as library:
            assert with_pcm(await library.events(session_id)) == with_pcm(events)
            assert await library.verify() == []

    async def test_taken_in_and_given_out_it_is_the_same_bundle(
        self, name: str, tmp_path: Path
    ) -> None:
        """The checked-in file was packed by whatever libFLAC there was; rows and sound count."""
        first, again = tmp_path / "1.gramophone", tmp_path / "2.gramophone"
        for home, source, bundle in (
            (tmp_path / "one", recordings.path_of(name), first),
            (tmp_path / "two", first, again),
        ):
            async with await StoredLibrary.open(home) as library:
                taken = await library.import_bundle(source)
                assert await library.verify() == []
                await library.export([taken.session_id], ExportRequest("bundle", bundle))
        assert bytes_of(first) == bytes_of(again)
        assert with_pcm(read_bundle(first)[1]) == with_pcm(recordings.load(name))

    async def test_what_a_replay_of_it_tells_is_the_recording(
        self, name: str, tmp_path: Path
    ) -> None:
        """record(replay(x)) = x, to the byte: the bundle of the replay is the bundle."""
        recorded, events = read_bundle(recordings.path_of(name))
        entries: list[Entry] = []
        clock = ManualClock()
        speaker = PacedSpeaker(clock, recorded.sample_rate_hz)
        ports = ReplayPorts(clock=clock, speaker=speaker, emit=entries.append)
        replay = Replay(ReplaySchedule(events), ports, ReplayOptions(speed=float("inf")))
        await replay.run()
        replayed = [entry for entry in entries if isinstance(entry, Event)]
        assert with_pcm(replayed) == with_pcm(events)
        began = datetime.fromisoformat(recorded.summary.created_at)
        async with Recorder.open(tmp_path / "again", wall_clock=lambda: began) as recorder:
            for event in replayed:
                recorder.emit(event)
        bundles: list[bytes] = []
        for home in ("again", "taken"):
            async with await StoredLibrary.open(tmp_path / home) as library:
                if home == "taken":
                    await library.import_bundle(recordings.path_of(name))
                await library.export(
                    [recorded.summary.id], ExportRequest("bundle", tmp_path / f"{home}.gramophone")
                )
            bundles.append(bytes_of(tmp_path / f"{home}.gramophone"))
        assert bundles[0] == bundles[1]

    async def test_what_is_kept_again_is_the_same(self, name: str, tmp_path: Path) -> None:
        session_id = await keep(tmp_path / "one", recordings.load(name))
        async with await StoredLibrary.open(tmp_path / "one") as library:
            once = await library.events(session_id)
        await keep(tmp_path / "two", once)
        async with await StoredLibrary.open(tmp_path / "two") as library:
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
        async with await StoredLibrary.open(tmp_path) as library:
            assert len(await library.verify(session_id)) == 1
            changed = replace(frame, pcm=b"")
            assert changed in await library.events(session_id, with_pcm=False)


# --- what each of them is for ---------------------------------------------------------------------


def of(name: str, kind: type[T]) -> list[T]:
    return [event for event in recordings.load(name) if isinstance(event, kind)]


def test_the_interrupted_one_was_heard_in_part() -> None:
    (interrupted,) = of("interrupted", TurnInterrupted)
    (answer,) = (turn for turn in of("interrupted", TurnCompleted) if turn.role == "assistant")
    assert answer.finish_reason == "interrupted"
    assert answer.text == interrupted.heard_text != ""
    received = sum(frame.size_bytes for frame in of("interrupted", AudioReceived)) // 2
    assert 0 < interrupted.heard_samples < received


def test_the_reconnect_is_in_the_middle_of_an_answer() -> None:
    broken, ended = of("reconnect", SpeechDisconnected)
    assert (broken.code, broken.reason, ended.code) == (1011, "NET-0000", 1000)
    frames = of("reconnect", AudioReceived)
    assert {frame.connection for frame in frames} == {0, 1}
    assert {frame.turn for frame in frames} == {1}
    (answer,) = (turn for turn in of("reconnect", TurnCompleted) if turn.role == "assistant")
    assert answer.finish_reason == "stop"


def test_the_one_with_a_tool_goes_on_in_words_that_are_spoken() -> None:
    calling, speaking = answers_of(recordings.load("tool-call"))
    assert (calling.prompt, calling.finish_reason) == (speaking.prompt, "tool_calls")
    (call,) = (piece for piece in plain_pieces(calling) if isinstance(piece, ToolPiece))
    assert (call.name, json.loads(call.arguments)) == ("weather", {"city": "Oslo"})
    question, _, answer = of("tool-call", TurnCompleted)
    assert (question.role, question.text) == ("user", speaking.prompt)
    assert answer.text == "".join(chunk.text for chunk in of("tool-call", TextSpoken))
    assert {frame.turn for frame in of("tool-call", AudioReceived)} == {answer.turn}


def test_the_one_of_flux_has_a_turn_that_is_whole_and_one_that_is_interrupted() -> None:
    (connection,) = recorded_flux(recordings.load("flux"))
    assert [turn.interrupted for turn in connection.turns] == [False, True]
    assert "Connected" in connection.connected
    assert "SessionMetadata" in connection.session
    (cut,) = of("flux", TurnInterrupted)
    assert connection.turns[1].text.startswith(cut.heard_text)
    received = sum(frame.size_bytes for frame in of("flux", AudioReceived) if frame.turn == 1) // 2
    assert 0 < cut.heard_samples <= received


def test_the_long_one_is_markdown_that_is_not_read_aloud() -> None:
    (answer,) = (turn for turn in of("long-markdown", TurnCompleted) if turn.role == "assistant")
    for mark in ("# How", "**no**", "1. The", "```python", "| size |", "](https://"):
        assert mark in answer.text
    spoken = " ".join(chunk.text for chunk in of("long-markdown", TextSpoken))
    for mark in ("#", "*", "`", "|", "https", "horn.push(membrane"):
        assert mark not in spoken
    assert len(spoken) > 700

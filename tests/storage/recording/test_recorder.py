"""Recorder: what is emitted is kept as it was, cheaply, and a failure is said aloud."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from gramophone.core.errors import StorageError
from gramophone.core.sinks import Fanout
from gramophone.core.timeline import (
    AudioReceived,
    DeltaReceived,
    Event,
    Failed,
    LevelMeasured,
    ModelChunkReceived,
    PlaybackStopped,
    SessionEnded,
    SpeechConnected,
    TextSpoken,
    TurnCompleted,
    TurnInterrupted,
    TurnStarted,
)
from storage.library import StoredLibrary
from storage.recording.recorder import Recorder
from storage.sqlite.schema import SCHEMA_VERSION
from tests.support.builders import session_started, short_session, spoken_exchange
from tests.support.recordings import NOON, SECRET, SESSION_ID, everything_in, opened, record


def audio(turn: int, offset_bytes: int, pcm: bytes, *, connection: int = 0) -> AudioReceived:
    return AudioReceived(
        at_us=5, turn=turn, connection=connection, offset_bytes=offset_bytes,
        size_bytes=len(pcm), pcm=pcm,
    )  # fmt: skip


async def stored_events(home: Path) -> list[Event]:
    async with await StoredLibrary.open(home) as library:
        return await library.events(SESSION_ID)


def pcm_of(events: list[Event]) -> list[bytes]:
    return [event.pcm for event in events if isinstance(event, AudioReceived)]


# --- what is kept ---------------------------------------------------------------------------------


async def test_what_was_emitted_comes_back_with_its_sound(tmp_path: Path) -> None:
    events = short_session()
    await record(tmp_path, events)
    stored = await stored_events(tmp_path)
    assert stored == events
    assert pcm_of(stored) == pcm_of(events)


async def test_transients_are_passed_over(tmp_path: Path) -> None:
    started, *rest = short_session()
    await record(tmp_path, [started, LevelMeasured(at_us=1, peak=1.0, rms=0.5), *rest])
    assert await stored_events(tmp_path) == [started, *rest]


async def test_rows_of_session_and_turns_tell_what_is_known(tmp_path: Path) -> None:
    await record(tmp_path)
    async with await StoredLibrary.open(tmp_path) as library:
        session = await library.session(SESSION_ID)
    summary = session.summary
    assert (summary.title, summary.turns, summary.spoken_ms) == ("What is a gramophone?", 2, 20)
    assert summary.created_at == "2026-11-21T12:00:00.250+00:00"
    assert not summary.recovered
    question, answered = session.turns
    assert (question.role, question.text, question.audio) == ("user", "What is a gramophone?", None)
    assert (answered.text, answered.finish_reason) == ("A gramophone plays records.", "stop")
    assert (answered.metrics.ttft_ms, answered.metrics.response_ms) == (200.0, 440.0)
    assert (answered.metrics.output_tokens, answered.metrics.flushes) == (6, 1)


async def test_the_hash_is_of_the_sound_as_it_came(tmp_path: Path) -> None:
    await record(tmp_path)
    async with await StoredLibrary.open(tmp_path) as library:
        sound = (await library.session(SESSION_ID)).turns[1].audio
    assert sound is not None
    pcm = b"".join(pcm_of(short_session()))
    assert sound.sha256 == hashlib.sha256(pcm).hexdigest()
    assert sound.samples == len(pcm) // 2
    assert sound.path.read_bytes()[44:] == pcm


async def test_odd_frames_and_a_new_connection_stand_where_the_engine_put_them(
    tmp_path: Path,
) -> None:
    frames = [audio(0, 0, b"abc"), audio(0, 3, b"de"), audio(0, 6, b"fg", connection=1)]
    turn = TurnStarted(at_us=1, turn=0, role="assistant")
    await record(tmp_path, [session_started(), turn, *frames, SessionEnded(at_us=9)])
    assert pcm_of(await stored_events(tmp_path)) == [b"abc", b"de", b"fg"]
    assert (tmp_path / f"audio/{SESSION_ID}/0.wav").read_bytes()[44:] == b"abcde\0fg"


async def test_frames_that_come_after_their_turn_are_kept(tmp_path: Path) -> None:
    events = [session_started(), *spoken_exchange()]
    late = replace(audio(1, 1920, b"\7\0" * 10), stale=True)
    async with Recorder.open(tmp_path) as recorder:
        for event in events:
            recorder.emit(event)
        await recorder.flush()
        recorder.emit(late)
        recorder.emit(SessionEnded(at_us=9))
    async with await StoredLibrary.open(tmp_path) as library:
        sound = (await library.session(SESSION_ID)).turns[1].audio
        assert await library.verify() == []
    assert sound is not None
    assert sound.samples == 970
    assert pcm_of(await stored_events(tmp_path))[-1] == late.pcm


@pytest.mark.parametrize(
    "text",
    ["Heard and not heard.", "Heard"],
    ids=["as it is recorded", "as older versions recorded it"],
)
async def test_an_interrupted_turn_keeps_its_text_and_how_far_it_was_heard(
    text: str, tmp_path: Path
) -> None:
    events = [
        session_started(),
        TurnStarted(at_us=1, turn=0, role="assistant"),
        DeltaReceived(at_us=2, turn=0, text="Heard and "),
        DeltaReceived(at_us=2, turn=0, text="not heard."),
        TurnInterrupted(at_us=3, turn=0, heard_text="Heard", heard_samples=100),
        TurnCompleted(at_us=4, turn=0, role="assistant", text=text, finish_reason="interrupted"),
        SessionEnded(at_us=5),
    ]
    await record(tmp_path, events)
    assert await stored_events(tmp_path) == events
    async with await StoredLibrary.open(tmp_path) as library:
        turn = (await library.session(SESSION_ID)).turns[0]
        assert (turn.text, turn.heard_chars) == ("Heard and not heard.", 5)
        assert len(await library.sessions(search="not")) == 1


async def test_a_turn_whose_sound_was_stopped_says_how_far_it_was_heard(tmp_path: Path) -> None:
    events = [
        session_started(),
        TurnStarted(at_us=1, turn=0, role="assistant"),
        DeltaReceived(at_us=2, turn=0, text="Heard and "),
        PlaybackStopped(at_us=3, turn=0, played_samples=100, heard_characters=5),
        DeltaReceived(at_us=4, turn=0, text="read."),
        TurnCompleted(
            at_us=5, turn=0, role="assistant", text="Heard and read.", finish_reason="stop"
        ),
        SessionEnded(at_us=6),
    ]
    await record(tmp_path, events)
    assert await stored_events(tmp_path) == events
    async with await StoredLibrary.open(tmp_path) as library:
        turn = (await library.session(SESSION_ID)).turns[0]
        assert (turn.text, turn.heard_chars) == ("Heard and read.", 5)


async def test_what_fails_before_the_session_begins_is_kept_with_it(tmp_path: Path) -> None:
    early = Failed(at_us=0, stage="speaker", detail="No device.")
    await record(tmp_path, [early, *short_session()])
    assert sorted(map(str, await stored_events(tmp_path))) == sorted(
        map(str, [early, *short_session()])
    )


async def test_one_recorder_keeps_one_session_after_another(tmp_path: Path) -> None:
    await record(tmp_path, [*short_session("a0"), *short_session("a1")])
    async with await StoredLibrary.open(tmp_path) as library:
        assert [session.id for session in await library.sessions()] == ["a1", "a0"]
        assert await library.events("a1") == short_session("a1")
        assert await library.verify() == []


@pytest.mark.parametrize("text", ["\x00", "\ud83d half", "\x1b[2J", "𝄞" * 1000, ""])
async def test_any_text_comes_back_as_it_was(text: str, tmp_path: Path) -> None:
    events = [
        session_started(),
        TurnStarted(at_us=1, turn=0, role="user", text=text),
        ModelChunkReceived(at_us=2, turn=1, raw=text),
        TurnCompleted(at_us=3, turn=1, role="assistant", text=text, finish_reason=text),
        SessionEnded(at_us=5),
    ]
    await record(tmp_path, events)
    assert await stored_events(tmp_path) == events
    async with await StoredLibrary.open(tmp_path) as library:
        await library.session(SESSION_ID)


async def test_two_recorders_share_a_library(tmp_path: Path) -> None:
    first, second = Recorder.open(tmp_path), Recorder.open(tmp_path)
    for one, other in zip(short_session("a0"), short_session("a1"), strict=True):
        first.emit(one)
        second.emit(other)
    await asyncio.gather(first.aclose(), second.aclose())
    async with await StoredLibrary.open(tmp_path) as library:
        assert await library.events("a0") == short_session("a0")
        assert await library.events("a1") == short_session("a1")
        assert await library.verify() == []


async def test_it_listens_as_a_sink_and_is_dropped_when_it_fails(tmp_path: Path) -> None:
    dropped: list[str] = []
    fanout = Fanout(lambda sink, error: dropped.append(str(error)))
    recorder = Recorder.open(tmp_path)
    fanout.add(recorder)
    fanout.emit(session_started("nonsense"))
    with pytest.raises(StorageError):
        await recorder.flush()
    fanout.emit(SessionEnded(at_us=1))
    fanout.emit(SessionEnded(at_us=2))
    assert len(dropped) == 1
    await recorder.aclose()


# --- titles ---------------------------------------------------------------------------------------


async def title(home: Path) -> str:
    async with await StoredLibrary.open(home) as library:
        return (await library.sessions())[0].title


def spoken(chunk: int, text: str) -> TextSpoken:
    return TextSpoken(at_us=2, turn=0, chunk=chunk, text=text, source_start=0, source_end=1)


async def test_a_session_without_a_question_is_titled_by_what_it_says(tmp_path: Path) -> None:
    answer = TurnCompleted(at_us=3, turn=0, role="assistant", text="Well, hello.", finish_reason="")
    await record(tmp_path, [session_started(), spoken(0, "Well,"), answer, SessionEnded(at_us=4)])
    assert await title(tmp_path) == "Well, hello."


async def test_until_then_by_its_first_chunk(tmp_path: Path) -> None:
    await record(tmp_path, [session_started(), spoken(0, "Well,"), spoken(1, "hello.")])
    assert await title(tmp_path) == "Well,"


# --- secrets --------------------------------------------------------------------------------------


async def test_a_key_reaches_no_file(tmp_path: Path) -> None:
    leaks = f"key {SECRET}; Authorization: Token {SECRET[::-1]}; sk-live-{SECRET[:20]}"
    events = [
        session_started(system_prompt=leaks, voice=SECRET),
        SpeechConnected(at_us=1, connection=0, url=f"wss://h/?api_key={SECRET}", request_id="r"),
        TurnStarted(at_us=1, turn=0, role="user", text=leaks),
        ModelChunkReceived(at_us=2, turn=1, raw='{"error": "' + leaks + '"}'),
        DeltaReceived(at_us=3, turn=1, text=leaks),
        Failed(at_us=4, stage="model", detail=leaks),
        spoken(0, leaks),
        TurnCompleted(at_us=5, turn=1, role="assistant", text=leaks, finish_reason=leaks),
        SessionEnded(at_us=6),
    ]
    recorder = Recorder.open(tmp_path, redact=[SECRET])
    for event in events:
        recorder.emit(event)
    await recorder.flush()
    while_open = everything_in(tmp_path)
    await recorder.aclose()
    for files in (while_open, everything_in(tmp_path)):
        assert len(files) >= 1
        for canary in (SECRET, SECRET[::-1], SECRET[:20]):
            assert not [path for path, content in files.items() if canary.encode() in content]
    assert any(b"key ***" in content for content in everything_in(tmp_path).values())


# --- time and order -------------------------------------------------------------------------------


async def test_the_wall_clock_is_read_once_a_session(tmp_path: Path) -> None:
    readings = iter([NOON] * (SCHEMA_VERSION + 1))
    async with Recorder.open(tmp_path, wall_clock=lambda: next(readings)) as recorder:
        for event in short_session():
            recorder.emit(event)
    # All but one were for the migrations.
    assert list(readings) == []


async def test_the_end_of_a_turn_is_committed_without_being_asked(tmp_path: Path) -> None:
    recorder = Recorder.open(tmp_path)
    for event in [session_started(), *spoken_exchange()]:
        recorder.emit(event)
    await asyncio.to_thread(wait_for_two_turns, tmp_path)
    await recorder.aclose()


def wait_for_two_turns(home: Path) -> None:
    with opened(home) as database:
        while database.execute("SELECT count(completed_us) FROM turn").fetchone() != (2,):
            pass


# --- failures -------------------------------------------------------------------------------------


async def test_after_closing_nothing_is_taken(tmp_path: Path) -> None:
    recorder = Recorder.open(tmp_path)
    await recorder.aclose()
    await recorder.aclose()
    await recorder.flush()
    with pytest.raises(StorageError, match="closed"):
        recorder.emit(session_started())


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        (session_started("../../etc"), "not a session id"),
        (session_started("a0", encoding="opus"), "linear16"),
        (session_started(), "recorded already"),
    ],
)
async def test_a_session_that_cannot_be_kept_is_refused(
    event: Event, sentence: str, tmp_path: Path
) -> None:
    await record(tmp_path)
    recorder = Recorder.open(tmp_path)
    recorder.emit(event)
    with pytest.raises(StorageError, match=sentence):
        await recorder.flush()
    with pytest.raises(StorageError, match=sentence):
        recorder.emit(SessionEnded(at_us=1))
    await recorder.aclose()
    assert await stored_events(tmp_path) == short_session()


async def test_closing_tells_of_a_failure_that_no_emit_has_told(tmp_path: Path) -> None:
    recorder = Recorder.open(tmp_path)
    recorder.emit(session_started("nonsense"))
    with pytest.raises(StorageError, match="not a session id"):
        await recorder.aclose()


@pytest.mark.parametrize("gone", ["", "audio"])
async def test_a_directory_deleted_in_mid_talk_is_noticed(gone: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    recorder = Recorder.open(home)
    recorder.emit(session_started())
    await recorder.flush()
    shutil.rmtree(home / gone)
    for event in spoken_exchange():
        recorder.emit(event)
    with pytest.raises(StorageError, match=r"removed or moved|cannot be written"):
        await recorder.flush()
    await recorder.aclose()


async def test_a_log_that_is_removed_while_recording_is_noticed(tmp_path: Path) -> None:
    recorder = Recorder.open(tmp_path)
    for event in (session_started(), *spoken_exchange()):
        recorder.emit(event)
    await recorder.flush()
    (tmp_path / "library.db-wal").unlink()
    for event in spoken_exchange(first_turn=2):
        recorder.emit(event)
    with pytest.raises(StorageError, match=r"library\.db-wal was removed while recording"):
        await recorder.flush()
    await recorder.aclose()


async def test_a_sound_file_deleted_in_mid_turn_is_noticed(tmp_path: Path) -> None:
    recorder = Recorder.open(tmp_path)
    for event in (session_started(), audio(0, 0, b"abcd")):
        recorder.emit(event)
    await recorder.flush()
    (tmp_path / f"audio/{SESSION_ID}/0.wav").unlink()
    recorder.emit(audio(0, 4, b"abcd"))
    with pytest.raises(StorageError, match="removed or moved"):
        await recorder.flush()
    await recorder.aclose()


# A limit on the size of files stands for a full disk: it needs no rights, and the kernel refuses
# the write in the same way. Only the process that has it is bound by it.
FILLED = """
import asyncio, resource, sys
from pathlib import Path
from gramophone.core.errors import StorageError
from gramophone.core.sinks import Fanout
from gramophone.core.timeline import AudioReceived, DeltaReceived
from storage.recording.recorder import Recorder
from tests.support.builders import session_started, spoken_exchange

async def main():
    recorder = Recorder.open(Path(sys.argv[1]))
    for event in [session_started(), *spoken_exchange()]:
        recorder.emit(event)
    await recorder.flush()
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    told = offset = 0
    frame = bytes(1_920)
    try:
        while True:
            if sys.argv[2] == "sound":
                recorder.emit(AudioReceived(at_us=2_000_000, turn=3, connection=0, pcm=frame,
                                            offset_bytes=offset, size_bytes=1_920))
            else:
                recorder.emit(DeltaReceived(at_us=2_000_000, turn=3, text="x" * 2_000))
            offset += 1_920
            await asyncio.sleep(0)
    except StorageError as error:
        print(error)
    await recorder.aclose()

asyncio.run(main())
"""


def record_until_full(home: Path, recorded: str) -> str:
    """What the recorder said when there was no more room."""
    return subprocess.run(
        [sys.executable, "-c", FILLED, str(home), recorded],
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.mark.parametrize("recorded", ["sound", "text"])
async def test_a_full_disk_is_said_and_loses_nothing_before(recorded: str, tmp_path: Path) -> None:
    stderr = record_until_full(tmp_path, recorded)
    assert str(tmp_path) in stderr
    assert "what was recorded so far is kept" in stderr
    events = [session_started(), *spoken_exchange()]
    stored = await stored_events(tmp_path)
    assert stored[: len(events)] == events
    assert pcm_of(stored)[:2] == pcm_of(events)
    async with await StoredLibrary.open(tmp_path) as library:
        assert await library.verify() == []
        assert (await library.sessions())[0].recovered

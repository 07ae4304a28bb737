"""Recovery: what a killed process left is whole again at the next start."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from gramophone.core.timeline import AudioReceived
from storage.library import StoredLibrary
from storage.recording.recorder import Recorder
from storage.recording.recovery import RECOVERED
from tests.support.builders import session_started, short_session, spoken_exchange
from tests.support.recordings import SESSION_ID, opened, record, record_unended

# Records a whole exchange and half of the next, waits until that is committed, emits a little
# more, says so and then only waits to be killed.
KILLED = """
import asyncio, sys
from pathlib import Path
from gramophone.core.timeline import *
from storage.recording.recorder import Recorder
from tests.support.builders import session_started, spoken_exchange

async def main():
    recorder = Recorder.open(Path(sys.argv[1]))
    second = spoken_exchange("And then?", "Then it stops.", first_turn=2, start_us=3_000_000)
    cut = next(n for n, event in enumerate(second) if isinstance(event, FlushAnswered))
    for event in [session_started(), *spoken_exchange(), *second[:cut]]:
        recorder.emit(event)
    await recorder.flush()
    print("committed", flush=True)
    sys.stdin.read()

asyncio.run(main())
"""


def kill_in_mid_turn(home: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"committed\n"
        child.kill()


async def test_a_process_killed_in_mid_turn_loses_nothing_committed(tmp_path: Path) -> None:
    kill_in_mid_turn(tmp_path)
    for turn in (1, 3):
        assert soundfile.info(tmp_path / f"audio/{SESSION_ID}/{turn}.wav").frames == 960
    async with await StoredLibrary.open(tmp_path) as library:
        session = await library.session(SESSION_ID)
        events = await library.events(SESSION_ID)
        assert await library.verify() == []
    assert session.summary.recovered
    assert (session.summary.turns, session.summary.spoken_ms) == (4, 40)
    whole, *_, cut = session.turns
    assert whole.finish_reason == "sent"
    assert (cut.text, cut.finish_reason) == ("Then it stops.", RECOVERED)
    assert cut.metrics.ttft_ms == 200.0
    assert cut.audio is not None
    pcm = b"".join(event.pcm for event in events if isinstance(event, AudioReceived))[1920:]
    assert cut.audio.samples == 960
    assert cut.audio.sha256 == hashlib.sha256(pcm).hexdigest()


async def test_it_is_repaired_once_and_then_left_alone(tmp_path: Path) -> None:
    await record_unended(tmp_path)
    async with await StoredLibrary.open(tmp_path) as library:
        before = await library.session(SESSION_ID)
    with opened(tmp_path) as database:
        database.execute("UPDATE session SET title = 'mine'")
    async with await StoredLibrary.open(tmp_path) as library:
        again = await library.session(SESSION_ID)
    assert before.summary.recovered
    assert again.summary.title == "mine"


async def test_sound_that_no_row_names_is_kept_and_counted(tmp_path: Path) -> None:
    await record_unended(tmp_path)
    path = tmp_path / f"audio/{SESSION_ID}/1.wav"
    tail = b"\x05\x00" * 7 + b"\x06"
    with path.open("ab") as file:
        file.write(tail)
    held = path.read_bytes()[44:]
    async with await StoredLibrary.open(tmp_path) as library:
        sound = (await library.session(SESSION_ID)).turns[1].audio
        assert await library.verify() == []
    assert sound is not None
    assert sound.samples == 967
    assert sound.sha256 == hashlib.sha256(held).hexdigest()
    assert path.read_bytes()[44 : 44 + len(held)] == held


async def test_a_file_without_any_row_gets_a_turn(tmp_path: Path) -> None:
    await record_unended(tmp_path)
    (tmp_path / f"audio/{SESSION_ID}/7.wav").write_bytes(b"RIFF" + bytes(40) + b"\x01\x00" * 50)
    async with await StoredLibrary.open(tmp_path) as library:
        turn = (await library.session(SESSION_ID)).turns[-1]
        # No kill leaves a file without its turn's row: the rows were lost, which is told.
        (finding,) = await library.verify()
        assert "The events of turn 7 are missing; its sound has no text" in finding.detail
    assert (turn.turn, turn.role, turn.finish_reason) == (7, "assistant", RECOVERED)
    assert turn.audio is not None
    assert turn.audio.samples == 50


async def test_files_of_others_in_the_directory_are_left_alone(tmp_path: Path) -> None:
    await record_unended(tmp_path)
    strangers = [tmp_path / f"audio/{SESSION_ID}/{name}" for name in ("01.wav", "²nd.wav", "x")]
    for stranger in strangers:
        stranger.write_bytes(b"mine")
    async with await StoredLibrary.open(tmp_path):
        pass
    assert [stranger.read_bytes() for stranger in strangers] == [b"mine"] * 3


async def test_an_ended_session_is_not_touched(tmp_path: Path) -> None:
    await record(tmp_path)
    async with await StoredLibrary.open(tmp_path) as library:
        assert not (await library.sessions())[0].recovered


async def test_a_session_that_is_being_recorded_is_not_touched(tmp_path: Path) -> None:
    async with Recorder.open(tmp_path) as recorder:
        recorder.emit(session_started())
        for event in spoken_exchange():
            recorder.emit(event)
        await recorder.flush()
        async with await StoredLibrary.open(tmp_path) as library:
            assert not (await library.sessions())[0].recovered
            assert await library.verify() == []
        recorder.emit(short_session()[-1])
    async with await StoredLibrary.open(tmp_path) as library:
        assert not (await library.sessions())[0].recovered


async def test_a_session_that_cannot_be_repaired_keeps_nobody_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await record_unended(tmp_path)
    path = tmp_path / f"audio/{SESSION_ID}/1.wav"
    sound = path.read_bytes()
    path.unlink()
    path.mkdir()
    async with await StoredLibrary.open(tmp_path) as library:
        assert not (await library.sessions())[0].recovered
    assert "not repaired yet" in caplog.text
    path.rmdir()
    path.write_bytes(sound)
    async with await StoredLibrary.open(tmp_path) as library:
        assert (await library.sessions())[0].recovered


async def test_a_session_killed_before_its_first_turn_is_listed(tmp_path: Path) -> None:
    await record(tmp_path, [session_started()])
    async with await StoredLibrary.open(tmp_path) as library:
        (session,) = await library.sessions()
    assert (session.recovered, session.turns, session.title) == (True, 0, "")

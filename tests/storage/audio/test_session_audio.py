"""The sound of a session, read piece by piece."""

from __future__ import annotations

from pathlib import Path

from gramophone.core.timeline import AudioReceived
from storage.audio.session_audio import SessionAudio
from storage.home import Home
from storage.library import StoredLibrary
from tests.support.builders import session_started, spoken_exchange
from tests.support.recordings import SESSION_ID, record

TWO_ANSWERS = [
    session_started(),
    *spoken_exchange(),
    *spoken_exchange(first_turn=2, start_us=5_000_000, frames=(b"\x07\x08" * 300,)),
]


async def test_every_frame_is_found_where_its_row_says(tmp_path: Path) -> None:
    await record(tmp_path, TWO_ANSWERS)
    async with await StoredLibrary.open(tmp_path) as library:
        rows = await library.events(SESSION_ID, with_pcm=False)
        sound = library.sound(SESSION_ID)
    frames = [event for event in TWO_ANSWERS if isinstance(event, AudioReceived)]
    frame_rows = [event for event in rows if isinstance(event, AudioReceived)]
    for frame, row in [*zip(frames, frame_rows, strict=True), (frames[0], frame_rows[0])]:
        assert not row.pcm
        assert sound.read(row.turn, row.offset_bytes, row.size_bytes) == frame.pcm
    assert sound.read(3, 590, 999) == b"\x07\x08" * 5
    sound.close()
    sound.close()


async def test_what_is_missing_or_cannot_be_read_is_empty(tmp_path: Path) -> None:
    await record(tmp_path, TWO_ANSWERS)
    home = Home.at(tmp_path)
    home.wav(SESSION_ID, 1).unlink()
    home.wav(SESSION_ID, 3).unlink()
    home.wav(SESSION_ID, 3).mkdir()
    sound = SessionAudio(home, SESSION_ID)
    assert [sound.read(turn, 0, 10) for turn in (1, 3, 99)] == [b"", b"", b""]
    sound.close()

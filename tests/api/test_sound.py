"""From a program to the ear: its frames are what was played, and what is recorded."""

from __future__ import annotations

import asyncio
import sys
from array import array
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from gramophone.core.timeline import Underran
from gramophone.standin.voices.tone import ToneVoice
from storage.library import StoredLibrary
from tests.support.sound_card import SoundCard, trimmed
from tests.support.standins import running
from tests.support.wav_files import pcm_of

PROGRAM = """
import asyncio, sys
import gramophone

async def words():
    for word in "Good morning. This is streamed, in two sentences.".split(" "):
        yield word + " "
        await asyncio.sleep(0)

async def main():
    async with gramophone.speak(words()) as speech:
        async for frame in speech.audio():
            sys.stdout.buffer.write(frame)

asyncio.run(main())
"""


@pytest.mark.sound
async def test_frames_are_played_and_recorded(sound_card: SoundCard, tmp_path: Path) -> None:
    home = tmp_path / "home"
    async with running(voice=ToneVoice(character_ms=12, gap_ms=8)) as speak_url:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", PROGRAM),
            env=sound_card.env | {"GRAMOPHONE_HOME": str(home), "GRAMOPHONE_SPEAK_URL": speak_url},
            stdout=PIPE,
        )
        frames, _ = await process.communicate()
    assert process.returncode == 0

    async with await StoredLibrary.open(home) as library:
        session_id = await library.resolve("last")
        (turn,) = (await library.session(session_id)).turns
        events = await library.events(session_id, with_pcm=False)
    assert turn.audio is not None
    assert pcm_of(turn.audio.path) == frames
    # A busy machine may let the speaker run dry: then silence is played, and reported.
    played = array("h", frames)
    for gap in reversed([event for event in events if isinstance(event, Underran)]):
        silence = array("h", bytes(2 * gap.missing_samples))
        played[gap.position_samples : gap.position_samples] = silence
    assert sound_card.played() == trimmed(played.tobytes())

"""A click on a word of a kept session, from the mouse to the card: the sound goes on from there,
while it is read and while it plays."""

from __future__ import annotations

import asyncio
import sys
import wave
from asyncio.subprocess import PIPE
from pathlib import Path

import numpy as np
import pytest

from gramophone.alignment.word_timing import WordTiming
from storage.library import StoredLibrary
from tests.support.chat_server import answering
from tests.support.programs import Gramophone
from tests.support.sound_card import RATE_HZ, SoundCard
from tests.support.standins import running
from tests.support.telltale import (
    CHARACTER_SAMPLES,
    PacedNoiseVoice,
    Samples,
    paced_noise,
    stretches,
)

QUESTION = "How does a gramophone work?"
ANSWER = (
    "A gramophone has a **horn**, and a needle that follows the groove of the record.\n\n"
    "The groove is as deep as the sound was loud. The *membrane* trembles with the needle, "
    "and what trembles is heard by whoever sits before the horn."
)
WORDS = ("membrane", "horn", "whoever", "follows")


def sound_of(word: str, recording: Samples) -> int:
    """Where in the recording the word is really said."""
    spoken = next(piece for piece in ANSWER.replace("*", "").split() if piece.startswith(word))
    offset = recording.tobytes().find(paced_noise(spoken).tobytes())
    assert offset >= 0
    return offset // 2


@pytest.mark.sound
async def test_it_is_heard_from_that_word_on(sound_card: SoundCard, tmp_path: Path) -> None:
    home = tmp_path / "home"
    async with running(voice=PacedNoiseVoice()) as speak_url:
        with answering(ANSWER) as chat_url:
            completed = await asyncio.to_thread(
                Gramophone(home, speak_url),
                *("ask", "--provider", "openai", "--mute", QUESTION),
                env={"OPENAI_BASE_URL": chat_url},
            )
    assert completed.returncode == 0, completed.stderr

    sound_card.forget()
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.clicking_program"),
        *(str(home), str(sound_card.raw_path), *WORDS),
        env=sound_card.env,
        stdout=PIPE,
        stderr=PIPE,
    )
    output, errors = await program.communicate()
    assert program.returncode == 0, errors.decode()
    assert (output, errors) == (b"", b"")

    alignment = WordTiming()
    async with await StoredLibrary.open(home) as library:
        session_id = await library.resolve("last")
        for event in await library.events(session_id, with_pcm=False):
            alignment.emit(event)
        answer = (await library.session(session_id)).turns[1]
    assert answer.audio is not None
    with wave.open(str(answer.audio.path)) as file:
        recording = np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16)
    sounded = stretches(np.array(sound_card.handed_to_card(), dtype=np.int16), [recording])

    assert len(sounded) == len(WORDS)
    for word, stretch in zip(WORDS, sounded, strict=True):
        assert stretch.own == alignment.position_of(1, answer.text.index(word)), word
        assert stretch.own == pytest.approx(sound_of(word, recording), abs=CHARACTER_SAMPLES), word
        assert stretch.own_end - stretch.own > RATE_HZ // 4, "and it goes on"

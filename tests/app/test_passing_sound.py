"""The sound passed between two conversations that answer at once: what the card got, sample by
sample, beside the two recordings."""

from __future__ import annotations

import asyncio
import sys
import wave
from asyncio.subprocess import PIPE
from pathlib import Path

import numpy as np
import pytest

from storage.library import StoredLibrary
from tests.support.chat_server import answering
from tests.support.passing_program import PASSES, QUESTIONS, STRETCH_SAMPLES
from tests.support.sound_card import RATE_HZ, SoundCard
from tests.support.standins import running
from tests.support.telltale import NoiseVoice, Samples, noise, stretches

WORDS = 70
"""Twenty seconds of sound. Both answers go on in real time, audible or not: on a busy machine they
may end before the sound has been passed `PASSES` times."""

WENT_ON_SAMPLES = STRETCH_SAMPLES // 2
"""An answer that is not heard goes on for about as long as the other is heard; a busy machine
takes longer to change the device, never less."""


def words(letter: str) -> list[str]:
    """Words that no other letter has."""
    return [letter + chr(ord("a") + n % 26) * (2 + n // 26) for n in range(WORDS)]


async def recordings_in(home: Path) -> list[Samples]:
    """What was kept of both answers, in the order of the questions; the library is whole."""
    async with await StoredLibrary.open(home) as library:
        assert await library.verify() == []
        sessions = {summary.title: summary.id for summary in await library.sessions()}
        recordings: list[Samples] = []
        for question in QUESTIONS:
            answer = (await library.session(sessions[question])).turns[1]
            assert answer.audio is not None
            with wave.open(str(answer.audio.path)) as file:
                assert file.getframerate() == RATE_HZ
                recordings.append(np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16))
    return recordings


@pytest.mark.sound
async def test_one_is_heard_at_a_time_each_from_where_it_is(
    sound_card: SoundCard, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    answers = [words(letter) for letter in ("o", "t")]
    sentences = [f"{' '.join(answer)}." for answer in answers]
    async with running(voice=NoiseVoice()) as speak_url:
        with answering(*sentences) as chat_url, sound_card.capture() as capture:
            program = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.support.passing_program"),
                *(str(home), chat_url, speak_url),
                env=sound_card.env,
                stdout=PIPE,
                stderr=PIPE,
            )
            output = await program.communicate()
    passed_text, errors = output
    assert (program.returncode, errors) == (0, b"")
    passed = int(passed_text)

    recordings = await recordings_in(home)
    for answer, recording in zip(sentences, recordings, strict=True):
        whole = [noise(word) for word in answer.split()]
        assert recording.tobytes() == b"".join(word.tobytes() for word in whole)

    sounded = stretches(np.frombuffer(capture.read_bytes(), dtype=np.int16), recordings)
    # Where time ran out, one more stretch may have begun.
    assert len(sounded) == passed + 1 or (passed < PASSES and len(sounded) == passed + 2)
    assert [stretch.recording for stretch in sounded] == [n % 2 for n in range(len(sounded))]
    assert sounded[0].own == 0
    if passed == PASSES:
        assert sounded[-1].own_end == len(recordings[sounded[-1].recording])
    assert all(
        stretch.own_end - stretch.own > STRETCH_SAMPLES // 2 for stretch in sounded[: passed + 1]
    )
    # While it was not heard it went on.
    for before, after in zip(sounded, sounded[2:], strict=False):
        assert after.own - before.own_end > WENT_ON_SAMPLES

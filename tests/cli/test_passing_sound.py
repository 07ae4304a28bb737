"""The sound passed between two conversations that answer at once: what the card got, sample by
sample, beside the two recordings."""

from __future__ import annotations

import asyncio
import random
import sys
import wave
from array import array
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from gramophone.standin.tone import ToneVoice
from gramophone.standin.voices import Sound, Utterance
from gramophone.wire.speak_messages import SpeakParameters
from storage.library import Library
from tests.cli.passing_program import PASSES, QUESTIONS, STRETCH_SAMPLES
from tests.sound_card import RATE_HZ, SoundCard
from tests.standins import running
from tests.terminal.chat_server import answering

WORDS = 30
WORD_SAMPLES = RATE_HZ * 3 // 10
WINDOW_SAMPLES = 64

LONGEST_GAP_S = 0.1
"""The card gives up one stream and takes up another: 20 to 40 ms, one or two of its blocks."""

FARTHEST_OFF_S = 0.1
"""What a device still holds when it is given up is not heard: 20 to 60 ms, its latency."""

SPOILT_S = 0.5
"""What a busy machine may make of one of the passes, but not of all."""

Samples: TypeAlias = NDArray[np.int16]


class NoiseVoice(ToneVoice):
    """Every word is noise of its own without one silent sample: any millisecond of it says whose
    it is and where it stands, and two at once are like neither."""

    async def synthesise(self, text: str, parameters: SpeakParameters) -> Utterance:
        for word in text.split():
            yield Sound(noise(word).tobytes())


def noise(word: str) -> array[int]:
    chance = random.Random(word)
    return array(
        "h", [chance.choice((-1, 1)) * chance.randint(1, 8_000) for _ in range(WORD_SAMPLES)]
    )


def words(letter: str) -> list[str]:
    """Words that no other letter has."""
    return [letter + chr(ord("a") + n % 26) * (2 + n // 26) for n in range(WORDS)]


@dataclass(frozen=True, slots=True)
class Stretch:
    """So many samples of a recording from `own` on that the card got from `at` on."""

    talk: int
    at: int
    own: int
    end: int
    own_end: int

    @property
    def begun_at(self) -> int:
        """Where the recording would begin if all of it were heard in this pace."""
        return self.at - self.own


def stretches(heard: Samples, recordings: Sequence[Samples]) -> list[Stretch]:
    """Whose sound was heard when; fails where it is nobody's."""
    found: list[Stretch] = []
    at = 0
    while (sounding := np.flatnonzero(heard[at:])).size:
        at += int(sounding[0])
        piece = located(heard, at, recordings)
        before = found[-1] if found else None
        if before is not None and (before.talk, before.own_end) == (piece.talk, piece.own):
            # A busy machine may leave silence in the middle; nothing is lost by that.
            piece = Stretch(piece.talk, before.at, before.own, piece.end, piece.own_end)
            found.pop()
        found.append(piece)
        at = piece.end
    return found


def located(heard: Samples, at: int, recordings: Sequence[Samples]) -> Stretch:
    window = heard[at : at + WINDOW_SAMPLES].tobytes()
    for talk, recording in enumerate(recordings):
        place = recording.tobytes().find(window)
        if place >= 0:
            assert place % 2 == 0
            own = place // 2
            length = min(len(heard) - at, len(recording) - own)
            other = heard[at : at + length] != recording[own : own + length]
            same = int(np.argmax(other)) if other.any() else length
            return Stretch(talk, at, own, at + same, own + same)
    raise AssertionError(f"{at / RATE_HZ:.3f} s: neither of the two, or both at once")


async def recordings_in(home: Path) -> list[Samples]:
    """What was kept of both answers, in the order of the questions; the library is whole."""
    async with await Library.open(home) as library:
        assert await library.verify() == []
        sessions = {each.title: each.id for each in await library.sessions()}
        found: list[Samples] = []
        for question in QUESTIONS:
            answer = (await library.session(sessions[question])).turns[1]
            assert answer.audio is not None
            with wave.open(str(answer.audio.path)) as file:
                assert file.getframerate() == RATE_HZ
                found.append(np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16))
    return found


@pytest.mark.sound
async def test_one_is_heard_at_a_time_each_from_where_it_is(
    sound_card: SoundCard, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    answers = [words(letter) for letter in ("o", "t")]
    told = [f"{' '.join(answer)}." for answer in answers]
    async with running(voice=NoiseVoice()) as speak_url:
        with answering(*told) as chat_url, sound_card.capture() as capture:
            program = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.cli.passing_program"),
                *(str(home), chat_url, speak_url),
                env=sound_card.env,
                stdout=PIPE,
                stderr=PIPE,
            )
            output = await program.communicate()
    assert (program.returncode, *output) == (0, b"", b"")

    recordings = await recordings_in(home)
    for answer, recording in zip(told, recordings, strict=True):
        whole = [noise(word) for word in answer.split()]
        assert recording.tobytes() == b"".join(word.tobytes() for word in whole)

    heard = stretches(np.frombuffer(capture.read_bytes(), dtype=np.int16), recordings)
    assert [each.talk for each in heard] == [n % 2 for n in range(PASSES + 1)]
    assert heard[0].own == 0
    assert heard[-1].own_end == len(recordings[heard[-1].talk])
    assert all(each.end - each.at > STRETCH_SAMPLES // 2 for each in heard)

    gaps_s = [(after.at - before.end) / RATE_HZ for before, after in pairwise(heard)]
    assert min(gaps_s) <= LONGEST_GAP_S, gaps_s
    assert max(gaps_s) <= SPOILT_S, gaps_s
    # While it was not heard it went on as if it were.
    off_s = [
        abs(after.begun_at - before.begun_at) / RATE_HZ
        for before, after in zip(heard, heard[2:], strict=False)
    ]
    assert min(off_s) <= FARTHEST_OFF_S, off_s
    assert max(off_s) <= SPOILT_S, off_s

"""Sound that tells what it is: any millisecond of it says which word it is of, and where in it."""

from __future__ import annotations

import random
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from gramophone.pace import reached_ms
from gramophone.standin.tone import ToneVoice
from gramophone.standin.voices import Sound, Utterance
from gramophone.wire.jitter import FADE_MS
from gramophone.wire.speak_messages import SpeakParameters
from tests.sound_card import RATE_HZ

CHARACTER_SAMPLES = RATE_HZ * 60 // 1000
"""A character takes so long, and the space after a word as long as one."""

WINDOW_SAMPLES = 64
FADE_SAMPLES = RATE_HZ * FADE_MS // 1000

Samples: TypeAlias = NDArray[np.int16]


class NoiseVoice(ToneVoice):
    """Every word is noise of its own without one silent sample; two at once are like neither."""

    async def synthesise(self, text: str, parameters: SpeakParameters) -> Utterance:
        for word in text.split():
            yield Sound(noise(word).tobytes())


class PacedNoiseVoice(ToneVoice):
    """The same in the pace that is expected of a voice."""

    async def synthesise(self, text: str, parameters: SpeakParameters) -> Utterance:
        for word in text.split():
            yield Sound(paced_noise(word).tobytes())


def paced_noise(word: str) -> array[int]:
    """The sound of a word and of the space after it; after a sentence there is its pause."""
    paced = word if word.endswith((".", "?", "!")) else f"{word} "
    return noise(word, reached_ms(paced)[-1] * RATE_HZ // 1000)


def noise(word: str, samples: int = 0) -> array[int]:
    """The sound of a word, at the card's rate."""
    chance = random.Random(word)
    samples = samples or CHARACTER_SAMPLES * (len(word) + 1)
    return array("h", [chance.choice((-1, 1)) * chance.randint(1, 8_000) for _ in range(samples)])


@dataclass(frozen=True, slots=True)
class Stretch:
    """The samples `own` to `own_end` of a recording, that the card got from `at` to `end`."""

    recording: int
    at: int
    own: int
    end: int
    own_end: int

    @property
    def begun_at(self) -> int:
        """Where the recording would begin if all of it had been heard in this pace."""
        return self.at - self.own


def stretches(heard: Samples, recordings: Sequence[Samples]) -> list[Stretch]:
    """What of which recording was heard; fails where it is of none, but for the short fade that
    what is stopped may end with."""
    found: list[Stretch] = []
    at = 0
    while (sounding := np.flatnonzero(heard[at:])).size:
        at += int(sounding[0])
        piece = _located(heard, at, recordings)
        before = found[-1] if found else None
        if piece is None:
            fading = before is not None and at < before.end + FADE_SAMPLES
            assert fading, f"{at / RATE_HZ:.3f} s: of none, or of two at once"
            at += FADE_SAMPLES
            continue
        if before is not None and (before.recording, before.own_end) == (
            piece.recording,
            piece.own,
        ):
            # A busy machine may leave silence in the middle; nothing is lost by that.
            piece = Stretch(piece.recording, before.at, before.own, piece.end, piece.own_end)
            found.pop()
        found.append(piece)
        at = piece.end
    return found


def _located(heard: Samples, at: int, recordings: Sequence[Samples]) -> Stretch | None:
    window = heard[at : at + WINDOW_SAMPLES].tobytes()
    for number, recording in enumerate(recordings):
        place = recording.tobytes().find(window)
        if place >= 0:
            assert place % 2 == 0
            own = place // 2
            length = min(len(heard) - at, len(recording) - own)
            other = heard[at : at + length] != recording[own : own + length]
            same = int(np.argmax(other)) if other.any() else length
            return Stretch(number, at, own, at + same, own + same)
    return None

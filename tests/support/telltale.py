"""Sound that tells what it is: any millisecond of it says which word it is of, and where in it."""

from __future__ import annotations

import random
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from gramophone.alignment.durations import reached_ms
from gramophone.audio.jitter_buffer import FADE_MS
from gramophone.standin.voice import SynthesisStream, VoiceSound
from gramophone.standin.voices.tone import ToneVoice
from gramophone.wire.deepgram.speak_v1.messages import SpeakParameters
from tests.support.sound_card import RATE_HZ

CHARACTER_SAMPLES = RATE_HZ * 60 // 1000
"""A character takes so long, and the space after a word as long as one."""

WINDOW_SAMPLES = 64
FADE_SAMPLES = RATE_HZ * FADE_MS // 1000
LOST_SAMPLES = RATE_HZ // 5

Samples: TypeAlias = NDArray[np.int16]


class NoiseVoice(ToneVoice):
    """Every word is noise of its own without one silent sample; two at once are like neither."""

    async def synthesise(self, text: str, parameters: SpeakParameters) -> SynthesisStream:
        for word in text.split():
            yield VoiceSound(noise(word).tobytes())


class PacedNoiseVoice(ToneVoice):
    """The same in the pace that is expected of a voice."""

    async def synthesise(self, text: str, parameters: SpeakParameters) -> SynthesisStream:
        for word in text.split():
            yield VoiceSound(paced_noise(word).tobytes())


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
    """The samples `own` to `own_end` of the recording with this number, heard without a break."""

    recording: int
    own: int
    own_end: int


def stretches(recorded: Samples, recordings: Sequence[Samples]) -> list[Stretch]:
    """Find what of which recording was heard, in order. Fails where it is of none, but for the
    short fade that what is stopped may end with.

    Silence is left out, because a busy machine puts some of it anywhere; a recording of noise has
    no silent sample of its own. A break of less than `LOST_SAMPLES` is none: that much does a
    monitor lose on a busy machine. `tests/voice` compares what the card was handed, to the sample.
    """
    sounding = recorded[recorded != 0]
    stretches_so_far: list[Stretch] = []
    at = 0
    while at < len(sounding):
        piece = _located(sounding, at, recordings)
        if piece is None:
            # What fades is none of a recording's samples; the next piece may begin within a window.
            after = next(
                (
                    index
                    for index in range(at + 1, min(at + FADE_SAMPLES, len(sounding)) + 1)
                    if index == len(sounding) or _located(sounding, index, recordings)
                ),
                None,
            )
            assert stretches_so_far, "it begins with what is of none, or of two at once"
            assert after is not None, f"sample {at}: of none, or of two at once"
            at = after
            continue
        at += piece.own_end - piece.own
        if stretches_so_far and _goes_on(stretches_so_far[-1], piece):
            piece = Stretch(piece.recording, stretches_so_far.pop().own, piece.own_end)
        stretches_so_far.append(piece)
    return stretches_so_far


def _goes_on(before: Stretch, piece: Stretch) -> bool:
    lost_samples = piece.own - before.own_end
    return before.recording == piece.recording and 0 <= lost_samples < LOST_SAMPLES


def _located(recorded: Samples, at: int, recordings: Sequence[Samples]) -> Stretch | None:
    window = recorded[at : at + WINDOW_SAMPLES].tobytes()
    for number, recording in enumerate(recordings):
        samples = recording.tobytes()
        offset = samples.find(window)
        # The last window may be one sample: its bytes may also stand in the halves of two.
        while offset % 2 and offset >= 0:
            offset = samples.find(window, offset + 1)
        if offset >= 0:
            own = offset // 2
            length = min(len(recorded) - at, len(recording) - own)
            other = recorded[at : at + length] != recording[own : own + length]
            same = int(np.argmax(other)) if other.any() else length
            return Stretch(number, own, own + same)
    return None

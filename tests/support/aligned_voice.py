"""The stand-in with Piper, which writes down when it spoke each word: `python -m
tests.support.aligned_voice FILE …options of the stand-in`.

A program of its own, as the stand-in is, because Piper is. FILE gets a JSON line a piece of text:
`samples` in all, and `words`, each with its text and its first and last sample.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import chain
from pathlib import Path
from typing import Any

from gramophone.standin.run.process import main
from gramophone.standin.voices import piper as voice_of_piper

_SILENT = frozenset(" ˈˌ.,;:!?…-–—()\"'“”‘’^$_")
_CEIL = "/Ceil_output_0"


def with_durations(model: bytes) -> bytes:
    """The model, giving the length of every phoneme as well.

    What follows a protobuf message is merged into it: here the graph (field 7) gets one more
    output (12), the name (1) of the tensor that holds the lengths.
    """
    name = _CEIL.encode()
    assert name in model
    output = bytes((1 << 3 | 2, len(name))) + name
    graph = bytes((12 << 3 | 2, len(output))) + output
    return model + bytes((7 << 3 | 2, len(graph))) + graph


def word_times(
    text: str, phonemes: list[tuple[str, int]], alone: dict[str, list[str]]
) -> Iterator[tuple[str, int, int]]:
    """Each word of a text with its first and last sample.

    The engine runs words together (`of the`) and speaks figures as several, so spaces do not
    tell: the phonemes of the words alone are looked for, in order, among those of the whole.
    """
    timed: list[tuple[str, int, int]] = []
    at = 0
    for phoneme, samples in phonemes:
        if phoneme not in _SILENT:
            timed.append((phoneme, at, at + samples))
        at += samples
    voiced: list[str] = []
    firsts: list[int] = []
    words = text.split()
    for word in words:
        firsts.append(len(voiced))
        voiced += [phoneme for phoneme in alone[word] if phoneme not in _SILENT]
    indexes = _places(voiced, [phoneme for phoneme, *_ in timed])
    for word, first, end in zip(words, firsts, [*firsts[1:], len(voiced)], strict=True):
        if end > first:
            last = max(indexes[first], indexes[end] - 1)
            yield word, timed[indexes[first]][1], timed[min(last, len(timed) - 1)][2]


def _places(expected: list[str], spoken: list[str]) -> list[int]:
    """For every phoneme that is wanted, and for the end, where it is heard."""
    places = [0] * (len(expected) + 1)
    for _, i1, i2, j1, j2 in SequenceMatcher(None, expected, spoken, autojunk=False).get_opcodes():
        for i in range(i1, i2):
            places[i] = min(j1 + (i - i1) * (j2 - j1) // (i2 - i1), len(spoken) - 1)
    places[len(expected)] = len(spoken)
    return places


class Aligned:
    """Speaks as the stand-in's engine does, and writes down what it knows."""

    def __init__(self, path: Path, engine: Any) -> None:
        self._path = path
        self._engine = engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def speak(self, text: str, speed: float) -> bytes:
        engine = self._engine
        voice = engine.voice
        config = engine.piper.SynthesisConfig(
            length_scale=voice.config.length_scale / speed, volume=0.9
        )
        sound = b""
        phonemes: list[tuple[str, int]] = []
        for sentence in voice.synthesize(text, config, include_alignments=True):
            assert sentence.phoneme_alignments is not None
            phonemes += [
                (timing.phoneme, int(timing.num_samples)) for timing in sentence.phoneme_alignments
            ]
            sound += sentence.audio_int16_bytes
        alone: dict[str, list[str]] = {
            word: list(chain(*voice.phonemize(word))) for word in set(text.split())
        }
        alignment = {
            "text": text,
            "rate_hz": voice.config.sample_rate,
            "samples": len(sound) // 2,
            "spoken": sum(samples for _, samples in phonemes),
            "words": list(word_times(text, phonemes, alone)),
        }
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(alignment) + "\n")
        return sound


def run(path: Path) -> int:
    """Serve as the stand-in does."""
    import onnxruntime

    session, load = onnxruntime.InferenceSession, voice_of_piper._load_engine  # pyright: ignore[reportPrivateUsage]

    def telling_session(model: str, **options: Any) -> Any:
        return session(with_durations(Path(model).read_bytes()), **options)

    def loaded(progress: Any) -> Any:
        onnxruntime.InferenceSession = telling_session
        return Aligned(path, load(progress))

    voice_of_piper._load_engine = loaded  # pyright: ignore[reportPrivateUsage]
    return main()


if __name__ == "__main__":
    alignment_file = Path(sys.argv.pop(1))
    sys.exit(run(alignment_file))

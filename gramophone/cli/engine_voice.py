"""The embedded voice for `fixture serve piper`: in a process of its own, as the app has it.

Piper is GPL-3.0-or-later (docs/adr/0004-stand-in.md); nothing of it is loaded here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Self

from gramophone.errors import SpeechError
from gramophone.standin.voices import Progress, Sound, Utterance
from gramophone.voice.embedded_speech import EmbeddedSpeech
from gramophone.wire.speak_messages import (
    Close,
    Flush,
    Flushed,
    Speak,
    SpeakParameters,
    parse_server,
    render,
)
from gramophone.wire.speak_parameters import SAMPLE_RATES_HZ

_MODEL = "aura-2-thalia-en"
"""Any will do, but some refuse a speed."""


class EngineVoice:
    """A `standin.voices.Voice` that asks the app's engine, over loopback."""

    def __init__(self, voice: str = "piper") -> None:
        self._progress: Progress = _quiet
        self._engine = EmbeddedSpeech(
            SpeakParameters(), progress=lambda detail: self._progress(detail), voice=voice
        )

    async def load(self, progress: Progress) -> None:
        # The end of loading is told by an empty word, which is for a status line.
        self._progress = lambda detail: progress(detail) if detail else None
        await (await self._engine.connect()).aclose()

    def refusal(self, parameters: SpeakParameters) -> str:
        if parameters.sample_rate_hz in SAMPLE_RATES_HZ.get(parameters.encoding, ()):
            return ""
        return f"The embedded voice does not speak at {parameters.sample_rate_hz} Hz."

    def for_connection(self) -> Self:
        return self

    async def synthesise(self, text: str, parameters: SpeakParameters) -> Utterance:
        asked = replace(parameters, model=_MODEL, container="none")
        connection = await self._engine.connect_with(asked)
        try:
            await connection.send(render(Speak(text)))
            await connection.send(render(Flush()))
            async for frame in connection.frames():
                if isinstance(frame, bytes):
                    yield Sound(frame)
                elif isinstance(parse_server(frame), Flushed):
                    break
            else:
                raise SpeechError("The embedded voice ended while it spoke; ask again.")
            await connection.send(render(Close()))
        finally:
            await connection.aclose()

    async def aclose(self) -> None:
        await self._engine.aclose()


def _quiet(detail: str) -> None:
    pass

"""The embedded voice: a stand-in on loopback, started at the first connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from gramophone.core.errors import EngineMissing, SpeechError
from gramophone.ports.speech import SpeechProtocol
from gramophone.providers.engine_process import EngineProcess
from gramophone.providers.tts.deepgram import DeepgramSpeech, SpeechSocket
from gramophone.system.regular_files import read_regular
from gramophone.wire.deepgram.speak_v1.client import ClientLimits, SpeakV1
from gramophone.wire.deepgram.speak_v1.messages import SpeakParameters
from gramophone.wire.piper_settings import (
    MOST_SETTINGS_BYTES,
    PACKAGED_LANGUAGE,
    piper_language,
)

WHAT = "The embedded voice"
PROTOCOL = SpeakV1(ClientLimits.embedded())
"""Speak v1 without Deepgram's limits on messages, which are not needed for an engine of our own."""
DEATH_NEWS_TIMEOUT_S = 1.0
_MOST_VOICES = 1_000
_ARGUMENTS = ("--speak", "--no-limits", "--watch-stdin", "--progress")


class EmbeddedSpeech:
    """A `ports.SpeechService` with a server of its own, in a process of its own."""

    def __init__(
        self,
        parameters: SpeakParameters,
        *,
        progress: Callable[[str], None],
        voice: str = "piper",
        voices: Path | None = None,
        first_voice: str = "",
        language_advice: str = "",
    ) -> None:
        """`voices` is a folder with more voices of Piper, by language; `first_voice` is the name of
        the one that is preferred in its language. `language_advice` is what to do about a
        language that none of them speaks (`SpeechCapabilities`)."""
        self.protocol: SpeechProtocol = replace(
            PROTOCOL, languages=_languages_in(voices), language_advice=language_advice
        )
        folder = ["--voices", str(voices)] if voices is not None else []
        first = ["--first-voice", first_voice] if first_voice else []
        self._parameters = parameters
        self._child = EngineProcess(
            WHAT,
            "gramophone.standin",
            [
                "--voice",
                voice,
                "--speak",
                "--no-limits",
                "--watch-stdin",
                "--progress",
                *folder,
                *first,
            ],
            progress,
        )
        self._url = ""
        self._starting = asyncio.Lock()

    async def connect(self) -> SpeechSocket:
        """Open a connection, starting the server where it does not run.

        Raises:
            EngineMissing: the voice is not installed or does not start.
            SpeechError: the connection failed.
        """
        return await self.connect_with(self._parameters)

    async def connect_with(self, parameters: SpeakParameters) -> SpeechSocket:
        """Open a connection with other parameters than those of this service.

        Raises:
            EngineMissing: the voice is not installed or does not start.
            SpeechError: the connection failed.
        """
        await self._start()
        try:
            return await self._open(parameters)
        except SpeechError:
            # A server that was just killed is not yet known to be dead; then it is started again.
            if not await self._child.ended(DEATH_NEWS_TIMEOUT_S):
                raise
        await self._start()
        return await self._open(parameters)

    async def aclose(self) -> None:
        """End the server."""
        await self._child.aclose()

    async def _start(self) -> None:
        async with self._starting:
            if not self._child.alive:
                ready = await self._child.start()
                self._url = str(ready.get("speak_url", ""))
                if not self._url:
                    await self._child.aclose()
                    raise EngineMissing(f"{WHAT} did not say where it listens; reinstall it.")

    async def _open(self, parameters: SpeakParameters) -> SpeechSocket:
        return await DeepgramSpeech(self._url, parameters).connect()


class SharedSpeech:
    """A `ports.SpeechService` on a shared server, with parameters of its own."""

    def __init__(self, server: EmbeddedSpeech, parameters: SpeakParameters) -> None:
        self.protocol = server.protocol
        self._server = server
        self._parameters = parameters

    async def connect(self) -> SpeechSocket:
        """Open a connection; see `EmbeddedSpeech.connect`."""
        return await self._server.connect_with(self._parameters)


def _languages_in(folder: Path | None) -> tuple[str, ...]:
    """Languages of the packaged voice and of the voices of Piper in a folder."""
    languages = {PACKAGED_LANGUAGE: None}
    for path in sorted(folder.glob("*.onnx.json"))[:_MOST_VOICES] if folder is not None else ():
        name = path.name.removesuffix(".onnx.json")
        try:
            settings = read_regular(path, most_bytes=MOST_SETTINGS_BYTES)
            languages[piper_language(settings, name)] = None
        except OSError:
            continue
    return tuple(filter(None, languages))

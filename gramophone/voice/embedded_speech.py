"""The embedded voice: a stand-in on loopback, started at the first connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from gramophone.voice.child import Child
from gramophone.voice.speech_socket import DeepgramSpeech, SpeechSocket
from gramophone.wire.speak_messages import SpeakParameters


class EmbeddedSpeech:
    """A `ports.SpeechService` that keeps its own server, in a process of its own."""

    def __init__(
        self,
        parameters: SpeakParameters,
        *,
        progress: Callable[[str], None],
        voice: str = "piper",
    ) -> None:
        self._parameters = parameters
        self._child = Child(
            "The embedded voice",
            "gramophone.standin",
            ["--voice", voice, "--no-limits", "--watch-stdin", "--progress"],
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
        async with self._starting:
            if not self._child.alive:
                await self._child.aclose()
                self._url = (await self._child.start())["speak_url"]
        return await DeepgramSpeech(self._url, self._parameters).connect()

    async def aclose(self) -> None:
        """End the server."""
        await self._child.aclose()

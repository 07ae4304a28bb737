"""Names of the voices that the service in use lists, fetched in the background.

They complete what a user types, and nothing waits for them: a service without a list, or one that
cannot be reached, leaves the voices that are known anyway.
"""

from __future__ import annotations

import asyncio
import importlib
from urllib.parse import urlsplit

from gramophone.config.config import Config
from gramophone.config.voices import PRESETS, VoiceService
from gramophone.core.errors import SpeechError


class VoiceLists:
    """The list of the configured service. `names` may be called in any thread."""

    def __init__(self) -> None:
        self._names: tuple[str, ...] = ()

    def names(self) -> tuple[str, ...]:
        """The names known by now, in the order of the service."""
        return self._names

    async def refresh(self, config: Config) -> None:
        """Fetch the list of the service that speaks with these settings, if it can have one."""
        service = config.voice_service
        if service.protocol == "embedded" or service.base_url == PRESETS["openai"].base_url:
            # OpenAI has no such list.
            return
        # In a thread: it imports httpx, for which the loop that carries sound must not stop.
        await asyncio.to_thread(importlib.import_module, "gramophone.providers.tts.voice_list")
        try:
            self._names = await listed_voices(service)
        except SpeechError:
            return


async def listed_voices(service: VoiceService) -> tuple[str, ...]:
    """Voices that a service lists.

    Raises:
        SpeechError: it has no list, or cannot be reached.
    """
    from gramophone.providers.tts.voice_list import fetch_voice_names
    from gramophone.wire.voice_lists import deepgram_voice_names, openai_voice_names

    if service.protocol == "openai-speech":
        headers = {"authorization": f"Bearer {service.key}"} if service.key else {}
        return await fetch_voice_names(
            f"{service.base_url}/audio/voices", headers, openai_voice_names
        )
    parts = urlsplit(service.base_url)
    scheme = {"ws": "http", "wss": "https"}.get(parts.scheme, parts.scheme)
    headers = {"authorization": f"Token {service.key}"} if service.key else {}
    url = f"{scheme}://{parts.netloc}/v1/models"
    return await fetch_voice_names(url, headers, deepgram_voice_names)

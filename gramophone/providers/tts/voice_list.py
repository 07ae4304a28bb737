"""Client for the list of a speech service's voices. It imports httpx."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import httpx2

from gramophone.core.errors import SpeechError
from gramophone.providers.tts.http_client import speech_client
from gramophone.wire.voice_lists import MOST_LIST_BYTES

READ_TIMEOUT_S: Final = 10.0


async def fetch_voice_names(
    url: str, headers: Mapping[str, str], names_in: Callable[[bytes], tuple[str, ...]]
) -> tuple[str, ...]:
    """Ask for a list, and read the names in it; `headers` has the key.

    Raises:
        SpeechError: the service has no list, or cannot be reached.
    """
    body = bytearray()
    try:
        async with (
            speech_client(url, headers, READ_TIMEOUT_S) as client,
            client.stream("GET", url) as answer,
        ):
            if not answer.is_success:
                raise SpeechError(f"There is no list of voices at {url} ({answer.status_code}).")
            async for piece in answer.aiter_bytes():
                body += piece
                if len(body) > MOST_LIST_BYTES:
                    raise SpeechError(f"The list of voices at {url} is too long.")
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
        raise SpeechError(f"The list of voices at {url} cannot be read ({error}).") from error
    return names_in(bytes(body))

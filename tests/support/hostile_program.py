"""Ask hostile servers as the program does, and say what came of it, a line of JSON for each.

`python -m tests.support.hostile_program openai|responses|anthropic|speech ORIGIN...`: the sentence
of the failure, how much came before it, and the most memory that the process took meanwhile.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from collections.abc import Awaitable, Callable

from gramophone.core.errors import GramophoneError
from gramophone.ports.language_model import LanguageModel, Message
from gramophone.providers.llm.anthropic_messages import AnthropicMessages
from gramophone.providers.llm.openai_chat import OpenAIChat
from gramophone.providers.llm.openai_responses import OpenAIResponses
from gramophone.providers.tts.deepgram import DeepgramSpeech
from gramophone.wire.deepgram.speak_v1.messages import SpeakParameters
from tests.support.hostile_servers import forget_memory, memory_mb


async def _ask(model: LanguageModel) -> int:
    chars = 0
    try:
        async for chunk in model.stream([Message("user", "Hello?")], ""):
            chars += len(chunk.text)
    finally:
        await model.aclose()
    return chars


async def _openai(origin: str) -> int:
    return await _ask(OpenAIChat("m", api_key="key-0123456789", base_url=f"{origin}/v1"))


async def _responses(origin: str) -> int:
    return await _ask(OpenAIResponses("m", api_key="key-0123456789", base_url=f"{origin}/v1"))


async def _anthropic(origin: str) -> int:
    return await _ask(AnthropicMessages("m", api_key="key-0123456789", base_url=origin))


async def _speech(origin: str) -> int:
    url = origin.replace("http", "ws", 1)
    connection = await DeepgramSpeech(url, SpeakParameters()).connect()
    came_bytes = 0
    async for frame in connection.frames():
        came_bytes += len(frame)
    await connection.aclose()
    code, reason = connection.closed()
    raise GramophoneError(f"{code} {reason}")


_CLIENTS: dict[str, Callable[[str], Awaitable[int]]] = {
    "openai": _openai,
    "responses": _responses,
    "anthropic": _anthropic,
    "speech": _speech,
}


def main() -> None:
    asyncio.run(_meet(_CLIENTS[sys.argv[1]], sys.argv[2:]))


async def _meet(client: Callable[[str], Awaitable[int]], origins: list[str]) -> None:
    for origin in origins:
        # What one attack leaves behind in circles is no part of the next.
        gc.collect()
        forget_memory()
        sentence, came = "", 0
        try:
            came = await client(origin)
        except GramophoneError as error:
            sentence = str(error)
        met = {"sentence": sentence, "came": came, "memory_mb": memory_mb()}
        sys.stdout.write(json.dumps(met) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

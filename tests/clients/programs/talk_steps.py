"""A voice talk that every framework's program holds, and the user who speaks in it.

A program takes talks from its standard input, one a line: a JSON object with `interface` and
`environment`, the addresses where its users have them. It answers each with a line that has the
`text` of both sides, the `calls` that its tool got and the name of the `error` that ended the talk.

The user is one who waits for his turn: he says his next question when the answer to the one before
was spoken. His voice is a noise, which a stand-in takes for a voice; between his questions the
microphone has silence.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from array import array
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

RATE_HZ = 16_000
FRAME_MS = 20
QUESTIONS = 2
VOICE_S, PAUSE_S = 1.5, 1.0
CITIES = ("Oslo", "Köln")
KEYS = {"OPENAI_API_KEY": "sk-none", "DEEPGRAM_API_KEY": "none"}
INSTRUCTIONS = "You are a helpful voice assistant."

calls: list[dict[str, str]] = []
"""Arguments of the calls to `weather`, in their order."""

_FRAME_SAMPLES = RATE_HZ * FRAME_MS // 1000
_SILENCE = bytes(2 * _FRAME_SAMPLES)
_ANSWER_S = 60.0


def weather(city: str) -> str:
    """Tell the weather in a city, and remember that it was asked for."""
    calls.append({"city": city})
    return f"In {city} it rains."


class User:
    """The user's side of a talk: a microphone in real time, and ears for what is spoken.

    Attributes:
        sound_bytes: the length of all that was spoken to the user.
    """

    def __init__(self, microphone: Callable[[bytes], Awaitable[None]]) -> None:
        """`microphone` takes a frame of 20 ms, 16-bit mono at 16 kHz."""
        self._microphone = microphone
        self._noise = random.Random(7)
        self._answered = asyncio.Event()
        self.sound_bytes = 0

    def hear(self, sound: bytes) -> None:
        """Take sound that was spoken."""
        self.sound_bytes += len(sound)

    def answer_ended(self) -> None:
        """Take note that an answer was spoken to its end."""
        if self.sound_bytes:
            self._answered.set()

    async def talk(self) -> None:
        """Ask all questions, each when the answer before was heard.

        Raises:
            TimeoutError: there was no answer within a minute.
        """
        async with asyncio.timeout(_ANSWER_S * QUESTIONS):
            for _ in range(QUESTIONS):
                await self._send(PAUSE_S, self._voice)
                self._answered.clear()
                while not self._answered.is_set():
                    await self._send(FRAME_MS / 1000)
            await self._send(PAUSE_S)

    async def _send(self, seconds: float, voice: Callable[[], bytes] | None = None) -> None:
        for _ in range(round(seconds * 1000 / FRAME_MS)):
            await self._frame(_SILENCE)
        if voice is not None:
            for _ in range(round(VOICE_S * 1000 / FRAME_MS)):
                await self._frame(voice())

    async def _frame(self, frame: bytes) -> None:
        await self._microphone(frame)
        await asyncio.sleep(FRAME_MS / 1000)

    def _voice(self) -> bytes:
        samples = (self._noise.randint(-6_000, 6_000) for _ in range(_FRAME_SAMPLES))
        return array("h", samples).tobytes()


def run(talks: Mapping[str, Callable[[], Coroutine[Any, Any, str]]]) -> None:
    """Hold the talks that come, until standard input ends; `talks` has them by interface."""
    # Libraries print as they like; the lines of outcomes have a file of their own.
    outcomes = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        os.environ.update(KEYS | request["environment"])
        calls.clear()
        outcome: dict[str, Any] = {"text": "", "calls": calls, "error": ""}
        try:
            outcome["text"] = asyncio.run(talks[request["interface"]]())
        except Exception as error:
            # For a person who looks for the cause.
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
            outcome["error"] = type(error).__name__
        outcomes.write(json.dumps(outcome) + "\n")
        outcomes.flush()

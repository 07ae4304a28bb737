"""`fixture serve piper` speaks with the app's engine, which is a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gramophone.cli.fixture.engine_voice import EngineVoice
from gramophone.standin.voice import Sound, Voice
from gramophone.standin.voices.tone import ToneVoice
from gramophone.wire.deepgram.speak_v1.messages import Close, Flush, Speak, SpeakParameters
from tests.programs import environment
from tests.standin.talking import talking
from tests.standins import running

TEXT = "Records turn. Needles listen."

SERVING = """
import sys
from pathlib import Path
from gramophone.cli.fixture.serve import serve
from gramophone.config.config import load

code = serve(load(), "piper", ["--watch-stdin", "--speak", *sys.argv[1:]])
print([name for name in ("piper", "onnxruntime") if name in sys.modules], file=sys.stderr)
sys.exit(code)
"""


async def spoken(voice: Voice, parameters: SpeakParameters) -> bytes:
    pieces = [piece async for piece in voice.synthesise(TEXT, parameters)]
    return b"".join(piece.pcm for piece in pieces if isinstance(piece, Sound))


def sound_bytes(heard: Sequence[object]) -> int:
    return sum(len(frame) for frame in heard if isinstance(frame, bytes))


@asynccontextmanager
async def loaded() -> AsyncGenerator[EngineVoice]:
    voice = EngineVoice("tone")
    try:
        await voice.load(lambda detail: None)
        yield voice
    finally:
        await voice.aclose()


@pytest.mark.parametrize(
    "parameters",
    [
        SpeakParameters(sample_rate_hz=48_000, speed=1.2, model="aura-asteria-en"),
        SpeakParameters(encoding="mulaw", sample_rate_hz=8_000, model="flux-haley-en"),
    ],
)
async def test_it_hands_on_the_engines_sound(parameters: SpeakParameters) -> None:
    async with loaded() as voice:
        assert voice.refusal(parameters) == ""
        assert await spoken(voice, parameters) == await spoken(ToneVoice(), parameters)


async def test_a_stand_in_speaks_with_it_on_many_connections() -> None:
    async with loaded() as voice, running(voice=voice) as url:

        async def talk() -> int:
            async with talking(url, "sample_rate=24000") as one:
                await one.say(Speak(TEXT), Flush(), Close())
                return sound_bytes((await one.hear_out())[0])

        lengths = await asyncio.gather(*(talk() for _ in range(5)))
    assert len(set(lengths)) == 1
    assert lengths[0] > 0


def test_a_rate_that_the_engine_has_not_is_refused() -> None:
    assert "22050 Hz" in EngineVoice("tone").refusal(SpeakParameters(sample_rate_hz=22_050))


@pytest.mark.engines
async def test_nothing_of_piper_is_loaded_by_the_command(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SERVING),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        env=environment(tmp_path / "home") | {"PYTHONPATH": os.getcwd()},
    )
    assert process.stdout is not None
    ready = json.loads(await process.stdout.readline())
    async with talking(ready["speak_url"], "sample_rate=24000") as talk:
        await talk.say(Speak(TEXT), Flush(), Close())
        assert sound_bytes((await talk.hear_out())[0]) > 24_000
    _, errors = await process.communicate(b"")
    assert (process.returncode, errors) == (0, b"[]\n")

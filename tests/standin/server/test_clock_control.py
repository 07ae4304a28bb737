"""Time that is moved from outside, as a program in any language would."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gramophone.core.tasks import cancel, spawn
from gramophone.standin.deepgram.routes import speak_routes
from gramophone.standin.options import StandinOptions
from gramophone.standin.server.clock_control import ClockControl, SteppedClock
from gramophone.standin.server.listener import listening
from gramophone.standin.server.routes import Address
from gramophone.standin.voices.tone import ToneVoice
from gramophone.wire.deepgram.paths import SPEAK_PATH
from gramophone.wire.deepgram.speak_v1.messages import Flush, Flushed, Speak
from tests.support.http_client import Line, line
from tests.support.speak_client import sound, talking


@asynccontextmanager
async def stepping() -> AsyncGenerator[tuple[Address, Line], None]:
    clock = SteppedClock()
    voice = ToneVoice(character_ms=6, gap_ms=4)
    speak = speak_routes(voice, StandinOptions(pace=1.0), clock)
    async with (
        listening(speak | ClockControl(clock).routes()) as address,
        line(address.port) as control,
    ):
        yield address, control


async def state_after(control: Line, method: str, path: str) -> tuple[int, dict[str, Any]]:
    answer = await control.ask(method, path)
    return answer.status, json.loads(answer.body)


HOUR_US = 3_600_000_000


async def test_nothing_moves_until_it_is_told_to() -> None:
    async with stepping() as (address, control):
        assert await state_after(control, "GET", "/control") == (
            200,
            {"now_us": 0, "next_us": None, "waiting": 0},
        )
        async with talking(address.websocket(SPEAK_PATH)) as talk:
            await talk.say(Speak("A gramophone plays."), Flush())
            assert len(sound([await talk.hear()])) == 960
            state = {"now_us": 0, "next_us": 20_000, "waiting": 2}
            assert await state_after(control, "GET", "/control?within_ms=100") == (200, state)
            assert await state_after(control, "POST", "/control/advance?ms=19.9") == (
                200,
                state | {"now_us": 19_900},
            )
            assert await state_after(control, "POST", "/control/next") == (
                200,
                {"now_us": 20_000, "next_us": 40_000, "waiting": 2},
            )
            assert len(sound([await talk.hear()])) == 960
            await state_after(control, "POST", "/control/advance?ms=10000")
            assert await talk.hear_until(Flushed)
            assert (await state_after(control, "GET", "/control"))[1]["next_us"] == HOUR_US


async def test_a_long_step_stops_at_each_instant_on_its_way() -> None:
    clock = SteppedClock()
    woken: list[tuple[str, int]] = []

    async def ticks(name: str, every_us: int) -> None:
        for tick in range(1, 4):
            await clock.sleep_until_us(tick * every_us)
            woken.append((name, clock.now_us()))

    tasks = [spawn(ticks("slow", 30), name="slow"), spawn(ticks("fast", 20), name="fast")]
    await clock.somebody_waits_within_us(20)
    await clock.step_us(1_000)
    await asyncio.wait(tasks)
    assert woken == [
        ("fast", 20),
        ("slow", 30),
        ("fast", 40),
        ("slow", 60),
        ("fast", 60),
        ("slow", 90),
    ]


async def test_somebody_who_waits_can_be_waited_for() -> None:
    clock = SteppedClock()
    waiting = spawn(clock.somebody_waits_within_us(100), name="waiting")
    far = spawn(clock.sleep_until_us(1_000), name="far")
    await asyncio.sleep(0)
    assert not waiting.done()
    near = spawn(clock.sleep_until_us(100), name="near")
    await waiting
    assert clock.waited_for_us() == [100, 1_000]
    await cancel(far)
    assert clock.waited_for_us() == [100]
    await cancel(near)


@pytest.mark.parametrize(
    ("method", "path", "status", "error"),
    [
        ("POST", "/control/advance", 400, "Say how far: /control/advance?ms=20."),
        ("POST", "/control/advance?ms=-1", 400, "ms is a number from 0, not '-1'."),
        ("POST", "/control/advance?ms=nan", 400, "ms is a number from 0, not 'nan'."),
        ("GET", "/control?within_ms=x", 400, "within_ms is a number from 0, not 'x'."),
        ("POST", "/control/next", 409, "Nobody waits for an instant."),
    ],
)
async def test_what_makes_no_sense_is_refused(
    method: str, path: str, status: int, error: str
) -> None:
    async with stepping() as (_, control):
        code, answer = await state_after(control, method, path)
    assert (code, answer["error"]) == (status, error)
    assert answer["now_us"] == 0


async def test_nobody_waits_for_ever_for_somebody_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gramophone.standin.server.clock_control._LONGEST_WAIT_S", 0.02)
    async with stepping() as (_, control):
        code, answer = await state_after(control, "GET", "/control?within_ms=10")
    assert (code, answer["error"]) == (408, "Nobody waits for an instant within 10 ms.")

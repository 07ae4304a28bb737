"""A manual clock that is moved over HTTP, for tests in any language.

`GET /control` gives the time and the next instant that is waited for; a POST moves the clock.
"""

# A step must have the result that real time would have: what is due at 20 ms happens before what is
# due at 40 ms, and a task woken at 20 ms may ask to be woken at 30. So the clock stops at each
# instant on the way that is waited for, and lets the woken tasks run before it looks for the next.
# There is no way to ask asyncio whether all tasks wait again; twenty passes of its loop are taken
# to be more than the callbacks between a woken sleeper and its next wait.
#
# A client has the other half of that problem: it has sent a message and does not know whether the
# stand-in has read it. It asks `GET /control?within_ms=N`, which answers once something waits for
# an instant so near, and only then moves the clock.

from __future__ import annotations

import asyncio
import json
from urllib.parse import parse_qsl

from gramophone.core.clock import ManualClock
from gramophone.standin.server.http import Reply, Request, answer_whole
from gramophone.standin.server.routes import CONTROL_PATH, Routes

_LONGEST_WAIT_S = 5.0
_TURNS_TO_SETTLE = 20
_JSON = [("content-type", "application/json")]


class SteppedClock(ManualClock):
    """A manual clock that stops at each instant that is waited for on its way."""

    def __init__(self) -> None:
        super().__init__()
        self._somebody_sleeps = asyncio.Condition()

    async def sleep_until_us(self, deadline_us: int) -> None:
        if deadline_us > self.now_us():
            async with self._somebody_sleeps:
                self._somebody_sleeps.notify_all()
        await super().sleep_until_us(deadline_us)

    async def somebody_waits_within_us(self, span_us: int) -> None:
        """Return as soon as an instant is waited for that is at most so far ahead."""
        async with self._somebody_sleeps:
            await self._somebody_sleeps.wait_for(lambda: self._next_within(span_us))

    async def step_us(self, step_us: int) -> None:
        """Move on by `step_us`, and let woken tasks run at each instant on the way."""
        until_us = self.now_us() + step_us
        while True:
            waited_for = [at_us for at_us in self.waited_for_us() if at_us <= until_us]
            if not waited_for:
                break
            self.advance_us(waited_for[0] - self.now_us())
            await _settle()
        self.advance_us(until_us - self.now_us())
        await _settle()

    def _next_within(self, span_us: int) -> bool:
        waited_for = self.waited_for_us()
        return bool(waited_for) and waited_for[0] <= self.now_us() + span_us


async def _settle() -> None:
    # Woken tasks run until they wait again, for time or for a client.
    for _ in range(_TURNS_TO_SETTLE):
        await asyncio.sleep(0)


class _BadControlRequest(ValueError):
    """A request with a wrong parameter; the text says which."""


class ClockControl:
    """Handlers of the requests that show and move a clock."""

    def __init__(self, clock: SteppedClock) -> None:
        self._clock = clock

    def routes(self) -> Routes:
        return Routes(
            handlers={
                ("GET", CONTROL_PATH): self._show,
                ("POST", f"{CONTROL_PATH}/advance"): self._advance,
                ("POST", f"{CONTROL_PATH}/next"): self._next,
            }
        )

    async def _show(self, request: Request, reply: Reply) -> None:
        """Show the clock; with `within_ms=N` once an instant so near is waited for, or 408."""
        try:
            within_ms = _number(request, "within_ms")
        except _BadControlRequest as refused:
            await self._reply_with(reply, 400, error=str(refused))
            return
        if within_ms is not None:
            try:
                async with asyncio.timeout(_LONGEST_WAIT_S):
                    await self._clock.somebody_waits_within_us(round(1000 * within_ms))
            except TimeoutError:
                sentence = f"Nobody waits for an instant within {within_ms:g} ms."
                await self._reply_with(reply, 408, error=sentence)
                return
        await self._reply_with(reply, 200)

    async def _advance(self, request: Request, reply: Reply) -> None:
        try:
            ms = _number(request, "ms")
            if ms is None:
                raise _BadControlRequest("Say how far: /control/advance?ms=20.")
        except _BadControlRequest as refused:
            await self._reply_with(reply, 400, error=str(refused))
            return
        await self._clock.step_us(round(1000 * ms))
        await self._reply_with(reply, 200)

    async def _next(self, request: Request, reply: Reply) -> None:
        waited_for = self._clock.waited_for_us()
        if not waited_for:
            await self._reply_with(reply, 409, error="Nobody waits for an instant.")
            return
        await self._clock.step_us(waited_for[0] - self._clock.now_us())
        await self._reply_with(reply, 200)

    async def _reply_with(self, reply: Reply, status: int, **more: str) -> None:
        waited_for = self._clock.waited_for_us()
        state = {
            "now_us": self._clock.now_us(),
            "next_us": waited_for[0] if waited_for else None,
            "waiting": len(waited_for),
        }
        await answer_whole(reply, status, _JSON, json.dumps(state | more).encode())


def _number(request: Request, name: str) -> float | None:
    text = dict(parse_qsl(request.query)).get(name)
    if text is None:
        return None
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < 1e12:
        raise _BadControlRequest(f"{name} is a number from 0, not {text!r}.")
    return number

"""A replay in the hand of a client on another thread (`ports.ReplayFeed`).

The session's rows are read at once: they say how long it is and where its turns lie. Its sound is
read while it is played.
"""

from __future__ import annotations

import asyncio
import gc
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol

from gramophone.core.errors import GramophoneError
from gramophone.core.tasks import cancel, spawn
from gramophone.core.timeline import Entry, Failed
from gramophone.ports.backend import ReplayState
from gramophone.replay.replay import Replay
from gramophone.replay.schedule import ReplaySchedule

LONG_EVENTS = 20_000
ANSWER_SPEAKS = "An answer is being spoken: stop it there with Esc, or wait for its end."


class Load(Protocol):
    """Reads the session and lays it out."""

    def __call__(self) -> Awaitable[ReplaySchedule]: ...


class Make(Protocol):
    """Makes a replay that stays at its end, and whose listener hears of everything anew."""

    def __call__(
        self,
        score: ReplaySchedule,
        emit: Callable[[Entry], None],
        *,
        state: ReplayState,
        tell: Callable[[ReplayState], None],
    ) -> Replay: ...


class ReplayPlayer:
    """Hands what is asked for over to the engine's loop, and the events back."""

    def __init__(
        self,
        call: Callable[[Callable[[], None]], None],
        load: Load,
        make: Make,
        *,
        taken: Callable[[], bool],
        wanted: ReplayState,
    ) -> None:
        self._call = call
        self._load = load
        self._make = make
        self._taken = taken
        self._entries: deque[Entry] = deque()
        self._state = replace(wanted, playing=False)
        self._refusal = ""
        self._replay: Replay | None = None
        self._running: asyncio.Task[None] | None = None
        self._waiting: list[Callable[[Replay], None]] = []
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        call(self._start)
        if wanted.playing:
            self.play()

    # --- from any thread ----------------------------------------------------------------------

    def take(self) -> list[Entry]:
        taken: list[Entry] = []
        while self._entries:
            taken.append(self._entries.popleft())
        return taken

    def close(self) -> None:
        self._call(self._stop)

    def state(self) -> ReplayState:
        return self._state

    def play(self) -> None:
        self._call(self._play)

    def pause(self) -> None:
        self._call(lambda: self._do(Replay.pause))

    def rest(self) -> None:
        self._call(self._rest)

    def seek(self, position_us: int) -> None:
        self._call(lambda: self._do(lambda replay: replay.seek(position_us)))

    def play_from(self, turn: int, character: int) -> None:
        self._call(lambda: self._play(lambda replay: replay.play_from(turn, character)))

    def set_speed(self, speed: float) -> None:
        self._call(lambda: self._do(lambda replay: replay.set_speed(speed)))

    def skip_silence(self, skip: bool) -> None:
        self._call(lambda: self._do(lambda replay: replay.skip_silence(skip)))

    def loop(self, turn: int | None) -> None:
        self._call(lambda: self._do(lambda replay: replay.loop(turn)))

    # --- on the engine's loop -----------------------------------------------------------------

    def _start(self) -> None:
        if not self._closed:
            self._task = spawn(self._run(), name="replay")

    def _stop(self) -> None:
        self._closed = True
        if self._task is not None:
            self._task.cancel()

    def _play(self, how: Callable[[Replay], None] = Replay.play) -> None:
        if self._taken():
            self._refuse(ANSWER_SPEAKS)
            return
        self._refuse("")
        self._do(how)
        self._wanted.set()

    def _rest(self) -> None:
        self._wanted.clear()
        self._do(Replay.pause)
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
        self._entries.clear()
        if self._replay is not None:
            self._take_state(self._replay.state())

    def _do(self, what: Callable[[Replay], None]) -> None:
        if self._replay is None:
            self._waiting.append(what)
            return
        what(self._replay)
        if self._running is None:
            self._take_state(self._replay.state())

    def _take_state(self, state: ReplayState) -> None:
        self._state = replace(state, refusal=self._refusal) if self._refusal else state

    def _refuse(self, why: str) -> None:
        self._refusal = why
        self._state = replace(self._state, refusal=why)

    async def _run(self) -> None:
        score: ReplaySchedule | None = None
        running: asyncio.Task[None] | None = None
        try:
            score = await self._load()
            if len(score.events) >= LONG_EVENTS:
                # They stay while the session is open: looking through them for garbage again and
                # again holds up the screen for a tenth of a second each time.
                gc.collect()
                gc.freeze()
            self._renew(score, self._state)
            while True:
                # Until it is played nothing is told: its listener reads the kept text.
                await self._wanted.wait()
                assert self._replay is not None
                running = self._running = spawn(self._replay.run(), name="replay playing")
                await asyncio.wait({running})
                if not running.cancelled():
                    await running
                self._renew(score, self._replay.state())
        except GramophoneError as error:
            self._entries.append(Failed(at_us=0, stage="session", detail=str(error)))
            self._refuse(str(error))
        finally:
            await cancel(running)
            if score is not None and score.sound is not None:
                score.sound.close()

    def _renew(self, score: ReplaySchedule, state: ReplayState) -> None:
        """A replay that goes on where the last one was; what was asked for meanwhile is done."""
        replay = self._make(score, self._entries.append, state=state, tell=self._take_state)
        replay.skip_silence(state.skipping)
        replay.loop(state.loop)
        self._replay = replay
        self._take_state(replay.state())
        waiting, self._waiting = self._waiting, []
        for what in waiting:
            self._do(what)

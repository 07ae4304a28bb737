"""A replay that a client on another thread controls (`ports.backend.ReplayFeed`).

The session's rows are read at once: they say how long it is and where its turns lie. Its sound is
read while it is played.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol

from gramophone.app.mailbox import Mailbox
from gramophone.core.errors import GramophoneError
from gramophone.core.tasks import cancel, spawn
from gramophone.core.timeline import Entry, Failed
from gramophone.ports.backend import ReplayState
from gramophone.replay.replay import Replay
from gramophone.replay.schedule import ReplaySchedule

LONG_EVENTS = 20_000
ANSWER_SPEAKS = "An answer is being spoken: stop it there with Esc, or wait for its end."


class LoadSchedule(Protocol):
    """Reads the session and lays it out."""

    def __call__(self) -> Awaitable[ReplaySchedule]: ...


class MakeReplay(Protocol):
    """Makes a replay that stays at its end, and first emits all that holds at its position."""

    def __call__(
        self,
        schedule: ReplaySchedule,
        emit: Callable[[Entry], None],
        *,
        state: ReplayState,
        on_state: Callable[[ReplayState], None],
    ) -> Replay: ...


class ReplayPlayer:
    """Carries calls over to the engine's loop, and the events back.

    A `Replay` runs once: `suspend` cancels it and a new one takes its place at the same position.
    So the player outlives its replays, and queues calls while there is none.
    """

    def __init__(
        self,
        call: Callable[[Callable[[], None]], None],
        load: LoadSchedule,
        make: MakeReplay,
        *,
        is_busy: Callable[[], bool],
        initial: ReplayState,
    ) -> None:
        """`call` runs a function on the engine's loop; `is_busy` says whether an answer is being
        spoken, during which nothing is played."""
        self._call = call
        self._load = load
        self._make = make
        self._is_busy = is_busy
        self._mailbox = Mailbox()
        self._state = replace(initial, playing=False)
        self._refusal = ""
        self._replay: Replay | None = None
        self._running: asyncio.Task[None] | None = None
        self._queued: list[Callable[[Replay], None]] = []
        self._play_requested = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        call(self._start)
        if initial.playing:
            self.play()

    # --- from any thread ----------------------------------------------------------------------

    def take(self) -> list[Entry]:
        return self._mailbox.take()

    def close(self) -> None:
        self._call(self._stop)

    def state(self) -> ReplayState:
        return self._state

    def play(self) -> None:
        self._call(self._play)

    def pause(self) -> None:
        self._call(lambda: self._do(Replay.pause))

    def suspend(self) -> None:
        self._call(self._suspend)

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

    def _play(self, start: Callable[[Replay], None] = Replay.play) -> None:
        if self._is_busy():
            self._refuse(ANSWER_SPEAKS)
            return
        self._refuse("")
        self._do(start)
        self._play_requested.set()

    def _suspend(self) -> None:
        self._play_requested.clear()
        self._do(Replay.pause)
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
        # The next replay emits all that holds at its position: these would come twice.
        self._mailbox.clear()
        if self._replay is not None:
            self._take_state(self._replay.state())

    def _do(self, work: Callable[[Replay], None]) -> None:
        if self._replay is None:
            self._queued.append(work)
            return
        work(self._replay)
        if self._running is None:
            # A replay that runs reports its state by itself.
            self._take_state(self._replay.state())

    def _take_state(self, state: ReplayState) -> None:
        self._state = replace(state, refusal=self._refusal) if self._refusal else state

    def _refuse(self, reason: str) -> None:
        self._refusal = reason
        self._state = replace(self._state, refusal=reason)

    async def _run(self) -> None:
        schedule: ReplaySchedule | None = None
        running: asyncio.Task[None] | None = None
        try:
            schedule = await self._load()
            if len(schedule.events) >= LONG_EVENTS:
                # They stay while the session is open: looking through them for garbage again and
                # again holds up the screen for a tenth of a second each time.
                gc.collect()
                gc.freeze()
            self._renew(schedule, self._state)
            while True:
                # Until it is played nothing is emitted: the screen shows the stored text.
                await self._play_requested.wait()
                assert self._replay is not None
                running = self._running = spawn(self._replay.run(), name="replay playing")
                await asyncio.wait({running})
                if not running.cancelled():
                    # It never returns, so it has failed; this raises its error.
                    await running
                self._renew(schedule, self._replay.state())
        except GramophoneError as error:
            self._mailbox.emit(Failed(at_us=0, stage="session", detail=str(error)))
            self._refuse(str(error))
        finally:
            await cancel(running)
            if schedule is not None and schedule.sound is not None:
                schedule.sound.close()

    def _renew(self, schedule: ReplaySchedule, state: ReplayState) -> None:
        """Make a replay that goes on from `state`, and carry out the calls that were queued."""
        replay = self._make(schedule, self._mailbox.emit, state=state, on_state=self._take_state)
        replay.skip_silence(state.skipping)
        replay.loop(state.loop)
        self._replay = replay
        self._take_state(replay.state())
        queued, self._queued = self._queued, []
        for work in queued:
            self._do(work)

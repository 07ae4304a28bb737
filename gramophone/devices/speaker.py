"""Speaker: a jitter buffer, and something that pulls from it in real time.

What pulls is a sound device, open while the speaker is to be heard, or else a task that keeps
the same pace in silence while there is sound to keep it for. A device that dies in mid-play is
replaced by the silent one at the same position.

Threads. Public methods are called on the engine's loop. The device pulls in a thread of its own,
every 20 ms, and must not wait: it takes the lock, copies a block and leaves. The lock guards the
jitter buffer and the recent blocks, nothing else, and nobody holds it over an await or a system
call. What a pull has to report (began, gap, drained) is handed over to the loop by
`call_soon_threadsafe` with the position and time of that pull.

A report may cross a stop on its way. `_stops` counts the stops, a pull remembers the count, and a
"drained" from before a stop is not passed on: the sound it is about was cut.

Drained means heard, not handed over: the last block is still on its way for the latency of the
device, and the program may end the session, and the process, as soon as it is told.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeAlias

from gramophone.audio.jitter_buffer import Gap, JitterBuffer, Pulled
from gramophone.audio.level import level
from gramophone.core.clock import Clock
from gramophone.core.tasks import cancel, spawn
from gramophone.devices.output_device import Device, OutputDevice
from gramophone.devices.turn_resampler import TurnResampler
from gramophone.ports.speaker import PlayoutState, SpeakerListener

BLOCK_MS = 20
WATCH_US = 100_000
STALLED_AFTER_US = 2_000_000
LAGGING_US = 1_000_000
OPEN_TIMEOUT_S = 5.0
CLOSE_TIMEOUT_S = 1.0
SILENT_DEVICE = "silent"
MUTED_DEVICE = "muted"
UNHEARD = "the answer is recorded, not heard."
DEVICE_SILENT = "The sound device does not answer"
DEVICE_DIED = "The sound device went away"

DeviceMaker: TypeAlias = Callable[[int, int, str, Callable[[int], bytes]], Device]


class DeviceSpeaker:
    """Plays signed 16-bit mono PCM on the default output device, or keeps time in silence.

    `device_name` is part of the name of another device. `make_device` is what opens one.
    """

    def __init__(
        self,
        sample_rate_hz: int,
        clock: Clock,
        *,
        device_name: str = "",
        make_device: DeviceMaker = OutputDevice,
        open_timeout_s: float = OPEN_TIMEOUT_S,
        close_timeout_s: float = CLOSE_TIMEOUT_S,
    ) -> None:
        self._block_samples = sample_rate_hz * BLOCK_MS // 1000
        self._clock = clock
        self._open_timeout_s = open_timeout_s
        self._close_timeout_s = close_timeout_s
        self._buffer = JitterBuffer(sample_rate_hz)
        self._resampler = TurnResampler(sample_rate_hz)
        self._lock = threading.Lock()
        self._recent: deque[bytes] = deque(maxlen=3)
        self._device_name = device_name
        self._make_device = lambda: make_device(
            sample_rate_hz, self._block_samples, self._device_name, self._pull_for_device
        )
        self._output: Device | None = None
        self._audible = True
        self._turned = asyncio.Event()
        self._work = asyncio.Event()
        self._pulls = 0
        self._stops = 0
        self._keeper: asyncio.Task[None] | None = None
        self._leaving: set[asyncio.Future[None]] = set()
        self._draining: asyncio.TimerHandle | None = None
        self._listener: SpeakerListener | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.device = SILENT_DEVICE
        self.silent = True

    # --- the port -----------------------------------------------------------------------------

    def open(self, listener: SpeakerListener) -> None:
        """Open the device in the background; sound that comes before waits for it."""
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        opening = self._open_device() if self._audible else None
        self._keeper = spawn(self._keep(opening), name="speaker")

    def set_audible(self, audible: bool) -> None:
        """See `Speaker.set_audible`."""
        if audible != self._audible:
            self._audible = audible
            self._turned.set()
            self._work.set()
            if not audible:
                self._leave_device()

    def use_device(self, device_name: str) -> None:
        """Play on the device with this in its name from the present position on; "" is the
        system's choice."""
        if device_name != self._device_name:
            self._device_name = device_name
            self._turned.set()

    def play(
        self, turn: int, pcm: bytes, *, realign: bool = False, sample_rate_hz: int = 0
    ) -> None:
        """Queue a frame of the turn."""
        pcm = self._resampler.push(turn, pcm, sample_rate_hz, realign=realign)
        with self._lock:
            if realign:
                self._buffer.realign()
            self._buffer.push(turn, pcm)
        self._work.set()

    def finish(self, turn: int) -> None:
        """No more comes for this turn."""
        rest = self._resampler.finish(turn)
        with self._lock:
            if rest:
                self._buffer.push(turn, rest)
            self._buffer.finish(turn)
        self._work.set()

    def stop(self) -> int:
        """Fall silent; returns the samples of the turn that were handed over."""
        with self._lock:
            self._stops += 1
            turn = self._buffer.turn
            heard_samples = self._buffer.clear()
        if self._draining is not None:
            self._draining.cancel()
        return self._resampler.own_samples(turn, heard_samples)

    def playout(self) -> PlayoutState:
        """Position in the turn, and what waits."""
        with self._lock:
            turn, position = self._buffer.turn, self._buffer.position_samples
            end = position + self._buffer.queued_samples
        position = self._resampler.own_samples(turn, position)
        return PlayoutState(turn, position, self._resampler.own_samples(turn, end) - position)

    def level(self) -> tuple[float, float]:
        """Peak and RMS of the last blocks handed over; they count once."""
        with self._lock:
            recent = b"".join(self._recent)
            self._recent.clear()
        return level(recent)

    async def aclose(self) -> None:
        """Close the device; one that hangs is left to itself."""
        self._listener = None
        if self._draining is not None:
            self._draining.cancel()
        self._leave_device()
        await cancel(self._keeper)
        if self._leaving:
            await asyncio.wait(self._leaving, timeout=self._close_timeout_s)

    # --- the device ---------------------------------------------------------------------------

    async def _keep(self, opening: asyncio.Future[str] | None) -> None:
        """Play on the device while it works and is wanted, else in silence."""
        while True:
            self._turned.clear()
            complaint = ""
            if self._audible:
                # It may have been left again before this task had its first turn.
                if opening is None or self._output is None:
                    opening = self._open_device()
                complaint = await self._on_device(opening)
            opening = None
            if self._turned.is_set():
                continue
            self.device, self.silent = (SILENT_DEVICE if complaint else MUTED_DEVICE), True
            if complaint:
                self._tell_device(f"{complaint}: {UNHEARD}")
            await self._pace()

    async def _on_device(self, opening: asyncio.Future[str]) -> str:
        """Play on the device until it dies or is no longer wanted; the complaint, "" for none."""
        output = self._output
        assert output is not None
        turned = spawn(self._turned.wait(), name="speaker turned")
        try:
            await self._until_open(opening, turned)
            complaint = opening.result() if opening.done() else DEVICE_SILENT
            if not complaint and not self._turned.is_set():
                self.device, self.silent = output.name, False
                self._tell_device("")
                dead = spawn(self._until_dead(output), name="speaker watch")
                try:
                    await asyncio.wait([dead, turned], return_when=asyncio.FIRST_COMPLETED)
                finally:
                    await cancel(dead)
                complaint = DEVICE_DIED
        finally:
            await cancel(turned)
            if self._output is output:
                self._leave_device()
        return complaint

    async def _until_open(self, opening: asyncio.Future[str], turned: asyncio.Task[Any]) -> None:
        """Wait until the device is open, may take no longer, or is no longer wanted."""
        pacing = spawn(self._pace(opening=True), name="speaker pace")
        try:
            await asyncio.wait(
                [opening, turned],
                timeout=self._open_timeout_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            await cancel(pacing)

    def _open_device(self) -> asyncio.Future[str]:
        assert self._loop is not None
        opened: asyncio.Future[str] = self._loop.create_future()
        closed: asyncio.Future[None] = self._loop.create_future()
        self._leaving.add(closed)
        closed.add_done_callback(self._leaving.discard)
        self._output = self._make_device()
        self._output.start(
            lambda complaint: self._on_loop(_settle, opened, complaint),
            lambda: self._on_loop(_settle, closed, None),
        )
        return opened

    def _leave_device(self) -> None:
        output, self._output = self._output, None
        if output is not None:
            output.leave()

    async def _until_dead(self, output: Device) -> None:
        """Watch whether the device still pulls. Only time that was lived through counts: after
        a suspension of the machine or the process the device, too, has to wake up first."""
        pulls, stalled_us = -1, 0
        before_us = self._clock.now_us()
        while output.playing and stalled_us < STALLED_AFTER_US:
            await self._clock.sleep_until_us(before_us + WATCH_US)
            now_us = self._clock.now_us()
            lived_us = min(now_us - before_us, 2 * WATCH_US)
            before_us = now_us
            stalled_us = stalled_us + lived_us if self._pulls == pulls else 0
            pulls = self._pulls

    async def _pace(self, *, opening: bool = False) -> None:
        """Pull blocks by absolute deadlines, as a device would, until one is wanted; after a
        suspension, from now on. With nothing to pull it waits for something.

        While a device is opening, a turn that has begun goes on, so that it is heard from where
        it would be; one that has not begun waits to be heard whole."""
        pulls = self._pulls

        def wanted() -> bool:
            return not self._turned.is_set() and not (opening and self._pulls != pulls)

        due_us = self._clock.now_us()
        while wanted():
            with self._lock:
                resting = self._buffer.idle or (opening and not self._buffer.begun)
            if resting:
                self._work.clear()
                await self._work.wait()
                due_us = self._clock.now_us()
                continue
            due_us += BLOCK_MS * 1000
            await self._clock.sleep_until_us(due_us)
            if self._clock.now_us() - due_us > LAGGING_US:
                due_us = self._clock.now_us()
            if wanted():
                self._pull(self._block_samples)

    # --- what both do -------------------------------------------------------------------------

    def _pull_for_device(self, samples: int) -> bytes:
        self._pulls += 1
        return self._pull(samples).pcm

    def _pull(self, samples: int) -> Pulled:
        with self._lock:
            pulled = self._buffer.pull(samples)
            turn, position = self._buffer.turn, self._buffer.position_samples
            stops = self._stops
            if pulled.sounding:
                self._recent.append(pulled.pcm)
        if pulled.began or pulled.gap is not None or pulled.drained:
            now_us = self._clock.now_us()
            self._on_loop(self._tell, pulled, turn, position, stops, now_us)
        return pulled

    def _on_loop(self, call: Callable[..., None], *arguments: object) -> None:
        """Call it on the engine's loop, if that still runs; from any thread."""
        if self._loop is not None:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(call, *arguments)

    def _tell(self, pulled: Pulled, turn: int, position: int, stops: int, now_us: int) -> None:
        if self._listener is None or self._loop is None:
            return
        if pulled.began:
            self._listener.playback_began(turn, now_us)
        if (gap := pulled.gap) is not None:
            self._tell_gap(turn, gap, now_us)
        if pulled.drained and stops == self._stops:
            # The last sample was handed over; it is heard when the device's latency has passed.
            output = self._output
            latency_s = 0.0 if self.silent or output is None else output.latency_us / 1_000_000
            self._draining = self._loop.call_later(latency_s, self._tell_drained, turn, position)

    def _tell_gap(self, turn: int, gap: Gap, now_us: int) -> None:
        if self._listener is not None:
            start = self._resampler.own_samples(turn, gap.position_samples)
            missing = self._resampler.own_length(turn, gap.missing_samples)
            self._listener.underran(turn, now_us, start, missing)

    def _tell_drained(self, turn: int, position_samples: int) -> None:
        if self._listener is not None:
            self._listener.drained(turn, self._resampler.own_samples(turn, position_samples))

    def _tell_device(self, detail: str) -> None:
        if self._listener is not None:
            self._listener.device_changed(self.device, self.silent, detail)


def _settle(future: asyncio.Future[Any], value: Any) -> None:
    if not future.done():
        future.set_result(value)


class MutedSpeaker:
    """Takes sound as fast as it comes and plays none of it."""

    device = MUTED_DEVICE
    silent = True

    def __init__(self, sample_rate_hz: int, clock: Clock) -> None:
        self._clock = clock
        self._buffer = JitterBuffer(sample_rate_hz, prefill_ms=0)
        self._listener: SpeakerListener | None = None

    def open(self, listener: SpeakerListener) -> None:
        """Nothing is opened, and so it is told."""
        self._listener = listener
        listener.device_changed(self.device, True, "")

    def set_audible(self, audible: bool) -> None:
        """Change nothing: it is never heard."""

    def play(
        self, turn: int, pcm: bytes, *, realign: bool = False, sample_rate_hz: int = 0
    ) -> None:
        """Swallow a frame of the turn, at any rate."""
        if realign:
            self._buffer.realign()
        self._buffer.push(turn, pcm)
        if self._buffer.queued_samples:
            self._swallow(self._buffer.queued_samples)

    def finish(self, turn: int) -> None:
        """No more comes for this turn, and nothing waits."""
        self._buffer.finish(turn)
        self._swallow(1)

    def stop(self) -> int:
        """Nothing sounds; returns the samples of the turn that were swallowed."""
        return self._buffer.clear()

    def playout(self) -> PlayoutState:
        """Position that a speaker would have."""
        return PlayoutState(self._buffer.turn, self._buffer.position_samples, 0)

    def level(self) -> tuple[float, float]:
        """Silence."""
        return 0.0, 0.0

    async def aclose(self) -> None:
        """Tell nothing any more."""
        self._listener = None

    def _swallow(self, samples: int) -> None:
        pulled = self._buffer.pull(samples)
        if self._listener is None:
            return
        if pulled.began:
            self._listener.playback_began(self._buffer.turn, self._clock.now_us())
        if pulled.drained:
            self._listener.drained(self._buffer.turn, self._buffer.position_samples)

"""The speaker: a jitter buffer, and something that pulls from it in real time.

What pulls is a PyAudio callback stream, opened once a session, or, where no device is, a task
that keeps the same pace in silence. A device that dies in mid-play is replaced by the silent
one at the same position. Public methods are called on the engine's loop; the callback runs in
PortAudio's thread and only copies.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from typing import Any

from gramophone.clock import Clock
from gramophone.ports import PlayoutState, SpeakerListener
from gramophone.tasks import cancel, spawn
from gramophone.wire.jitter import JitterBuffer, Pulled
from gramophone.wire.level import level

BLOCK_MS = 20
DEAD_AFTER_US = 700_000
SILENT_DEVICE = "silent"
MUTED_DEVICE = "muted"
NO_DEVICE = "No sound device: the answer is recorded, not heard."
DEVICE_DIED = "The sound device went away: the answer is recorded, not heard."


class DeviceSpeaker:
    """Plays signed 16-bit mono PCM on the default output device, or keeps time in silence."""

    def __init__(self, sample_rate_hz: int, clock: Clock, *, device_name: str = "") -> None:
        self._rate_hz = sample_rate_hz
        self._block_samples = sample_rate_hz * BLOCK_MS // 1000
        self._clock = clock
        self._device_name = device_name
        self._buffer = JitterBuffer(sample_rate_hz)
        self._lock = threading.Lock()
        self._recent: deque[bytes] = deque(maxlen=3)
        self._stream: Any = None
        self._audio: Any = None
        self._pulled_us = 0
        self._latency_us = 0
        self._pacer: asyncio.Task[None] | None = None
        self._opener: asyncio.Task[None] | None = None
        self._listener: SpeakerListener | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.device = SILENT_DEVICE
        self.silent = True

    # --- the port -----------------------------------------------------------------------------

    def open(self, listener: SpeakerListener) -> None:
        """Open the device in the background; sound that comes before waits for it."""
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._opener = spawn(self._open(), name="speaker opener")

    def play(self, turn: int, pcm: bytes, *, realign: bool = False) -> None:
        """Queue a frame of the turn."""
        with self._lock:
            if realign:
                self._buffer.realign()
            self._buffer.push(turn, pcm)

    def finish(self, turn: int) -> None:
        """No more comes for this turn."""
        with self._lock:
            self._buffer.finish(turn)

    def stop(self) -> int:
        """Fall silent; returns the samples of the turn that were handed over."""
        with self._lock:
            return self._buffer.clear()

    def glance(self) -> PlayoutState:
        """Where the sound is; notices a device that has died."""
        self._watch_device()
        with self._lock:
            buffer = self._buffer
            return PlayoutState(buffer.turn, buffer.position_samples, buffer.queued_samples)

    def level(self) -> tuple[float, float]:
        """Peak and RMS of the last blocks handed over; they count once."""
        with self._lock:
            recent = b"".join(self._recent)
            self._recent.clear()
        return level(recent)

    async def aclose(self) -> None:
        """Close the device."""
        await cancel(self._opener)
        await cancel(self._pacer)
        await asyncio.to_thread(self._close_device)

    # --- the device ---------------------------------------------------------------------------

    async def _open(self) -> None:
        try:
            device = await asyncio.to_thread(self._open_device)
        except (OSError, ImportError, ValueError) as error:
            await asyncio.to_thread(self._close_device)
            self._fall_silent(f"{NO_DEVICE} ({error})")
            return
        self.device, self.silent = device, False
        self._tell_device("")

    def _open_device(self) -> str:
        import pyaudio

        self._audio = pyaudio.PyAudio()
        info = self._choose_device()
        self._pulled_us = self._clock.now_us()
        self._stream = self._audio.open(
            format=pyaudio.paInt16,
            channels=1,
            rate=self._rate_hz,
            output=True,
            output_device_index=int(info["index"]),
            frames_per_buffer=self._block_samples,
            stream_callback=self._callback,
        )
        self._latency_us = round(self._stream.get_output_latency() * 1_000_000)
        return str(info["name"])

    def _choose_device(self) -> dict[str, Any]:
        if not self._device_name:
            return self._audio.get_default_output_device_info()
        for index in range(self._audio.get_device_count()):
            info = self._audio.get_device_info_by_index(index)
            if info["maxOutputChannels"] and self._device_name.lower() in info["name"].lower():
                return info
        raise ValueError(f"no output device is called {self._device_name!r}")

    def _close_device(self) -> None:
        stream, self._stream = self._stream, None
        audio, self._audio = self._audio, None
        try:
            if stream is not None:
                stream.close()
        except OSError:
            pass  # a device that died cannot be closed; terminate() frees it
        finally:
            if audio is not None:
                audio.terminate()

    def _callback(self, _in: Any, samples: int, _time: Any, _status: int) -> tuple[bytes, int]:
        pulled = self._pull(samples)
        return pulled.pcm, 0  # paContinue

    def _watch_device(self) -> None:
        if self.silent or self._clock.now_us() - self._pulled_us < DEAD_AFTER_US:
            return
        self._fall_silent(DEVICE_DIED)
        self._opener = spawn(asyncio.to_thread(self._close_device), name="speaker closer")

    # --- silence ------------------------------------------------------------------------------

    def _fall_silent(self, why: str) -> None:
        self.device, self.silent = SILENT_DEVICE, True
        self._pacer = spawn(self._pace(), name="silent speaker")
        self._tell_device(why)

    async def _pace(self) -> None:
        """Pull blocks by absolute deadlines, as a device would."""
        due_us = self._clock.now_us()
        while True:
            due_us += BLOCK_MS * 1000
            await self._clock.sleep_until_us(due_us)
            self._pull(self._block_samples)

    # --- what both do -------------------------------------------------------------------------

    def _pull(self, samples: int) -> Pulled:
        with self._lock:
            pulled = self._buffer.pull(samples)
            turn, position = self._buffer.turn, self._buffer.position_samples
            if pulled.sounding:
                self._recent.append(pulled.pcm)
        now_us = self._pulled_us = self._clock.now_us()
        if self._loop is None or self._listener is None:
            return pulled
        if pulled.began:
            self._loop.call_soon_threadsafe(self._listener.playback_began, turn, now_us)
        if (gap := pulled.gap) is not None:
            self._loop.call_soon_threadsafe(
                self._listener.underran,
                turn,
                now_us,
                gap.position_samples,
                gap.missing_samples,
            )
        if pulled.drained:
            self._loop.call_soon_threadsafe(self._tell_drained, turn, position)
        return pulled

    def _tell_drained(self, turn: int, position_samples: int) -> None:
        """The last sample was handed over; it is heard when the device's latency has passed."""
        if self._loop is not None and self._listener is not None:
            latency_s = 0.0 if self.silent else self._latency_us / 1_000_000
            self._loop.call_later(latency_s, self._listener.drained, turn, position_samples)

    def _tell_device(self, detail: str) -> None:
        if self._listener is not None:
            self._listener.device_changed(self.device, self.silent, detail)


class MutedSpeaker:
    """Takes sound as fast as it comes and plays none of it."""

    device = MUTED_DEVICE
    silent = True

    def __init__(self, sample_rate_hz: int, clock: Clock) -> None:
        self._clock = clock
        self._buffer = JitterBuffer(sample_rate_hz, prefill_ms=0)
        self._listener: SpeakerListener | None = None

    def open(self, listener: SpeakerListener) -> None:
        self._listener = listener
        listener.device_changed(self.device, True, "")

    def play(self, turn: int, pcm: bytes, *, realign: bool = False) -> None:
        if realign:
            self._buffer.realign()
        self._buffer.push(turn, pcm)
        began = self._buffer.position_samples == 0 and self._buffer.queued_samples > 0
        if self._buffer.queued_samples:
            self._buffer.pull(self._buffer.queued_samples)
        if began and self._listener is not None:
            self._listener.playback_began(turn, self._clock.now_us())

    def finish(self, turn: int) -> None:
        self._buffer.finish(turn)
        if self._listener is not None:
            self._listener.drained(turn, self._buffer.position_samples)

    def stop(self) -> int:
        return self._buffer.clear()

    def glance(self) -> PlayoutState:
        return PlayoutState(self._buffer.turn, self._buffer.position_samples, 0)

    def level(self) -> tuple[float, float]:
        return 0.0, 0.0

    async def aclose(self) -> None:
        self._listener = None

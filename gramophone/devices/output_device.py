"""A sound device: a PyAudio callback stream that lives in one thread of its own.

Any call into PortAudio may hang, opening and closing above all, when the sound server does. So
all of them are made in that thread, and nobody has to wait for it: it is a daemon, and a device
that was left hands out silence and closes itself whenever it can.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

PA_CONTINUE, PA_ABORT = 0, 2
PORT_TIMEOUT_S = 10.0
PA_INVALID_SAMPLE_RATE = -9997


_port = threading.Lock()
"""PortAudio's opening and closing are not made for several threads at once: it crashes."""


class Device(Protocol):
    """Device as the speaker uses it; it calls `on_opened` and `on_gone` in its own thread."""

    name: str
    latency_us: int

    def start(self, on_opened: Callable[[str], None], on_gone: Callable[[], None]) -> None:
        """Open it in the background: `on_opened` gets a complaint, "" when it plays; `on_gone`
        is called when the device is closed, or could not be opened."""
        ...

    @property
    def playing(self) -> bool:
        """Whether it still asks for sound."""
        ...

    def leave(self) -> None:
        """Ask for no more sound, and close, sooner or later."""
        ...


class OutputDevice:
    """A `Device` of this machine; `fill` gives as many samples as it is asked for."""

    def __init__(
        self, rate_hz: int, block_samples: int, wanted_name: str, fill: Callable[[int], bytes]
    ) -> None:
        self._rate_hz = rate_hz
        self._block_samples = block_samples
        self._wanted_name = wanted_name
        self._fill = fill
        self._closing = threading.Event()
        self._audio: Any = None
        self._stream: Any = None
        self.name = ""
        self.latency_us = 0

    def start(self, on_opened: Callable[[str], None], on_gone: Callable[[], None]) -> None:
        """See `Device.start`."""
        threading.Thread(
            target=self._live, args=(on_opened, on_gone), name="sound device", daemon=True
        ).start()

    @property
    def playing(self) -> bool:
        """See `Device.playing`."""
        return self._stream is not None and bool(self._stream.is_active())

    def leave(self) -> None:
        """See `Device.leave`."""
        self._closing.set()

    # --- in the device's thread ---------------------------------------------------------------

    def _live(self, on_opened: Callable[[str], None], on_gone: Callable[[], None]) -> None:
        try:
            try:
                with PortAudioFree():
                    self._open()
            except Exception as error:
                on_opened(self._complaint(error))
            else:
                on_opened("")
                self._closing.wait()
        finally:
            if self._audio is not None:
                # Where another device hangs in PortAudio, this one is left open.
                with suppress(OSError), PortAudioFree():
                    self._close()
            on_gone()

    def _open(self) -> None:
        import pyaudio

        if not alsa_knows_devices():
            raise OSError("ALSA has no configuration")
        self._audio = pyaudio.PyAudio()
        info = self._choose()
        if self._closing.is_set():
            return
        self._stream = self._audio.open(
            format=pyaudio.paInt16,
            channels=1,
            rate=self._rate_hz,
            output=True,
            output_device_index=int(info["index"]),
            frames_per_buffer=self._block_samples,
            stream_callback=self._callback,
        )
        self.latency_us = round(self._stream.get_output_latency() * 1_000_000)
        self.name = str(info["name"])

    def _choose(self) -> dict[str, Any]:
        if not self._wanted_name:
            return self._audio.get_default_output_device_info()
        for index in range(self._audio.get_device_count()):
            info = self._audio.get_device_info_by_index(index)
            if info["maxOutputChannels"] and self._wanted_name.lower() in info["name"].lower():
                return info
        raise ValueError(f"No sound device is called {self._wanted_name!r}")

    def _close(self) -> None:
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

    def _complaint(self, error: Exception) -> str:
        if isinstance(error, ValueError):
            return str(error)
        if isinstance(error, ImportError):
            return f"PyAudio cannot be loaded ({error})"
        if error.args and error.args[0] == PA_INVALID_SAMPLE_RATE:
            return f"The sound device refuses {self._rate_hz} Hz, choose another with --sample-rate"
        reason = str(error.args[-1]) if error.args else type(error).__name__
        return f"No sound device ({reason})"

    def _callback(self, _in: Any, samples: int, _time: Any, _status: int) -> tuple[bytes, int]:
        if self._closing.is_set():
            return bytes(2 * samples), PA_CONTINUE
        try:
            return self._fill(samples), PA_CONTINUE
        except Exception:
            # PyAudio would print it onto the screen. Without a callback that works the device
            # is of no use: it stops, and the speaker notices.
            return bytes(2 * samples), PA_ABORT


class PortAudioFree:
    """PortAudio for one thread; one that hangs in it does not keep the others for ever."""

    def __enter__(self) -> None:
        if not _port.acquire(timeout=PORT_TIMEOUT_S):
            raise OSError("another device hangs")

    def __exit__(self, *_: object) -> None:
        _port.release()


def alsa_knows_devices() -> bool:
    """Whether ALSA's configuration is there; where it is not, PortAudio aborts the process."""
    if sys.platform != "linux":
        return True
    try:
        alsa = ctypes.CDLL("libasound.so.2")
        alsa.snd_config_update()
        root = ctypes.c_void_p.in_dll(alsa, "snd_config")
    except (OSError, AttributeError, ValueError):
        return True
    definition = ctypes.c_void_p()
    return alsa.snd_config_search(root, b"pcm", ctypes.byref(definition)) == 0

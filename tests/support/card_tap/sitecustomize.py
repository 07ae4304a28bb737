"""Tap between PyAudio and the program: it writes down what each output callback returned.

Python imports a module of this name when it starts, and `SoundCard.env` leads here. A card that is
not served in time underflows, and ALSA then drops the block that was on its way. PortAudio says so
in the status of the next callback. With both written down, a test can tell a block that the card
dropped, which is the machine's fault, from one that the program never gave.

GRAMOPHONE_TEST_TAP is a folder. Each stream that is opened makes two files there, whose names sort
in the order of opening: `N-PID.pcm`, what was returned, and `N-PID.underflows`, a line for each
callback that an underflow was reported to, with the number of samples returned before.
`N-PID.latency` has the seconds from a callback to the ear, as PortAudio knows them.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import os
import sys
import time
from typing import Any

_MODULE = "pyaudio"


def _tapped(pyaudio: Any) -> None:
    opened = pyaudio.PyAudio.open

    def open_tapped(self: Any, *arguments: Any, **options: Any) -> Any:
        callback = options.get("stream_callback")
        if callback is None or not options.get("output"):
            return opened(self, *arguments, **options)
        stem = os.path.join(
            os.environ["GRAMOPHONE_TEST_TAP"], f"{time.monotonic_ns():020}-{os.getpid()}"
        )
        pcm = open(f"{stem}.pcm", "wb", buffering=0)
        underflows = open(f"{stem}.underflows", "w", buffering=1)
        samples = 0

        def tapped(data: Any, count: int, times: Any, status: int) -> Any:
            nonlocal samples
            if status & pyaudio.paOutputUnderflow:
                underflows.write(f"{samples}\n")
            returned, action = callback(data, count, times, status)
            pcm.write(returned)
            samples += len(returned) // 2
            return returned, action

        stream = opened(self, *arguments, **options | {"stream_callback": tapped})
        with open(f"{stem}.latency", "w") as latency:
            latency.write(str(stream.get_output_latency()))
        return stream

    pyaudio.PyAudio.open = open_tapped


class _Finder(importlib.abc.MetaPathFinder):
    """Finder of PyAudio alone, which taps it once it is loaded."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:
        if fullname != _MODULE:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.loader is None:
            return None
        load: Any = spec.loader.exec_module

        def exec_module(module: Any) -> None:
            load(module)
            _tapped(module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


if "GRAMOPHONE_TEST_TAP" in os.environ:
    sys.meta_path.insert(0, _Finder())

"""List of the output devices, asked for in a thread of its own because PortAudio may hang."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence

from gramophone.core.errors import SpeakerError
from gramophone.devices.output_device import PortAudioFree, alsa_knows_devices

TIMEOUT_S = 5.0


def portaudio_names() -> list[str]:
    """The names of all devices that can play, each once, in PortAudio's order."""
    import pyaudio

    if not alsa_knows_devices():
        raise OSError("ALSA has no configuration")
    with PortAudioFree():
        audio = pyaudio.PyAudio()
        try:
            infos = [audio.get_device_info_by_index(n) for n in range(audio.get_device_count())]
        finally:
            audio.terminate()
    playing = [str(info["name"]) for info in infos if info["maxOutputChannels"]]
    return list(dict.fromkeys(playing))


async def output_devices(
    names: Callable[[], Sequence[str]] = portaudio_names, *, timeout_s: float = TIMEOUT_S
) -> Sequence[str]:
    """The names of the output devices there are now.

    Raises:
        SpeakerError: the sound system is not there, or does not answer.
    """
    loop = asyncio.get_running_loop()
    listed: asyncio.Future[Sequence[str]] = loop.create_future()

    def answer(device_names: Sequence[str] | None, error: Exception | None) -> None:
        if listed.done():
            return
        if error is None:
            listed.set_result(device_names or ())
        else:
            listed.set_exception(error)

    def ask() -> None:
        listed_names, failure = None, None
        try:
            listed_names = names()
        except Exception as error:
            failure = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(answer, listed_names, failure)

    # A daemon: one that hangs must not keep the process from ending.
    threading.Thread(target=ask, name="sound devices", daemon=True).start()
    try:
        async with asyncio.timeout(timeout_s):
            return await listed
    except TimeoutError as error:
        raise SpeakerError("The sound system does not answer; is its server running?") from error
    except (OSError, ImportError) as error:
        raise SpeakerError(
            f"The sound devices cannot be listed ({error}); `gramophone doctor` says more."
        ) from error

"""Says a sample, then lists the output devices, in a process of its own; JSON on stdout."""

from __future__ import annotations

import asyncio
import json
import sys

from gramophone.app.providers import ProviderPool
from gramophone.app.voice_preview import play_sample
from gramophone.config.loading import load
from gramophone.devices.device_list import output_devices
from gramophone.devices.stderr_guard import keep_native_noise_out


async def main(home: str, speak_url: str) -> None:
    config = load({"GRAMOPHONE_HOME": home}, speak_url=speak_url)
    await play_sample(config, "aura-2-zeus-en", ProviderPool())
    sys.stdout.write(json.dumps({"devices": list(await output_devices())}))


if __name__ == "__main__":
    keep_native_noise_out()
    asyncio.run(main(*sys.argv[1:]))

"""The settings for the screen (`gramophone.ports.preferences.Preferences`), over `config.toml`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import cast

from gramophone.app import keyring
from gramophone.app.choices import ENGLISH_VOICES, FLUX_VOICES, available_voices
from gramophone.config.config import Config
from gramophone.config.file_reader import FILE_SETTINGS, read_settings
from gramophone.config.file_writer import write_key, write_setting
from gramophone.config.loading import ENVIRONMENT
from gramophone.ports.preferences import Account, Preference, Value

_VARIABLES = {**ENVIRONMENT, "TEXTUAL_THEME": "theme"}

# The screen has lines for values: a list is written in the file itself. So are limits beyond which
# sessions are removed, which nobody should set in passing.
_ONLY_IN_THE_FILE = frozenset({"redact", "keep_days", "keep_gb", "persona", "accessible", "notify"})

# The screen applies them itself.
_OF_THE_SCREEN = frozenset({"theme", "reduced_motion", "meter_frames_hz"})

_SPANISH_NAMES = "sirio nestor carina celeste alvaro diana aquila selena estrella javier"

VOICES = (
    *ENGLISH_VOICES,
    *FLUX_VOICES,
    *(f"aura-2-{name}-es" for name in _SPANISH_NAMES.split()),
)
"""Deepgram's voices of the second generation; others can be typed."""


class FilePreferences:
    """Reads and writes the file in threads, so that the screen never waits for a disk."""

    def __init__(
        self,
        config: Config,
        play_sample: Callable[[str], Awaitable[None]],
        environment: Mapping[str, str] = os.environ,
        reload: Callable[[], Config] | None = None,
        adopt: Callable[[Config], None] | None = None,
    ) -> None:
        """`play_sample` speaks a sentence with a voice; it is the engine thread's, where the sound
        device is. `reload` reads all settings again after a change, and `adopt` uses them."""
        self._config = config
        self._reload = reload
        self._adopt = adopt
        self._play_sample = play_sample
        self._environment = environment
        # One write after another: each reads the file, changes an entry and replaces it whole.
        self._writing = asyncio.Lock()

    @property
    def path(self) -> str:
        return str(self._config.config_file)

    async def read(self) -> Mapping[str, Preference]:
        settings = await asyncio.to_thread(read_settings, self._config.config_file)
        defaults = Config(home=self._config.home, config_file=self._config.config_file)
        overruled = {
            name: variable
            for variable, name in _VARIABLES.items()
            if self._environment.get(variable, "").strip()
        }
        return {
            name: Preference(
                cast("Value", settings.get(name, _default(defaults, name))),
                is_set=name in settings,
                overruled_by=overruled.get(name, ""),
            )
            for name in FILE_SETTINGS.values()
            if name not in _ONLY_IN_THE_FILE
        }

    async def write(self, name: str, value: Value | None) -> None:
        async with self._writing:
            await asyncio.to_thread(self._write, name, value)
            if name not in _OF_THE_SCREEN:
                await self._hold_now()

    async def _hold_now(self) -> None:
        """Have the engine use what was changed."""
        if self._reload is not None and self._adopt is not None:
            self._config = await asyncio.to_thread(self._reload)
            self._adopt(self._config)

    def _write(self, name: str, value: Value | None, without: str = "") -> None:
        # With the keys, because a provider that is set in the file is refused without its key.
        environment = keyring.with_stored_keys(self._environment, without)
        write_setting(self._config.config_file, name, value, environment)

    async def write_key(self, binding_id: str, keys: str) -> None:
        async with self._writing:
            environment = await asyncio.to_thread(keyring.with_stored_keys, self._environment)
            file = self._config.config_file
            await asyncio.to_thread(write_key, file, binding_id, keys or None, environment)

    def providers(self) -> Sequence[str]:
        return self._config.provider_names

    def voices(self) -> Sequence[str]:
        own = available_voices(self._config)
        service = self._config.voice_service
        if service.base_url and service.protocol != "openai-speech" and not service.name:
            return tuple(dict.fromkeys((*VOICES, *own)))
        # With the embedded voice alone there is nothing to choose.
        return own if len(own) > 1 or service.base_url else ()

    async def devices(self) -> Sequence[str]:
        from gramophone.devices.device_list import output_devices

        return await output_devices()

    async def play_sample(self, voice: str) -> None:
        await self._play_sample(voice)

    async def accounts(self) -> Sequence[Account]:
        return await asyncio.to_thread(keyring.accounts, self._environment)

    async def why_no_keyring(self) -> str:
        return await asyncio.to_thread(keyring.why_no_keyring)

    async def store_key(self, account: str, key: str) -> None:
        async with self._writing:
            await asyncio.to_thread(self._store_key, account, key)
            await self._hold_now()

    def _store_key(self, account: str, key: str) -> None:
        """Store or remove a key, and list the account in the file or no longer.

        The order keeps the list true if one step fails: a key is stored before it is listed, and no
        longer listed before it is removed. A key that is not listed is only not used.
        """
        names = [name for name in keyring.stored_accounts(self._environment) if name != account]
        if key:
            keyring.store(account, key)
            self._write("keyring_services", ", ".join([*names, account]))
        else:
            self._write("keyring_services", ", ".join(names) or None, without=account)
            keyring.store(account, "")


def _default(config: Config, name: str) -> Value:
    value = getattr(config, name)
    return "" if value is None else value

"""The settings for the screen (`gramophone.ports.preferences.Preferences`), over `config.toml`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import cast

from gramophone.app import keyring
from gramophone.app.choices import AURA_2_ENGLISH
from gramophone.config.config import ENVIRONMENT, FILE_SETTINGS, Config, in_file
from gramophone.config.file import write_key, write_setting
from gramophone.ports.preferences import Account, Preference, Value

_OTHER_VARIABLES = {"TEXTUAL_THEME": "theme"}

# The screen has lines for values: a list is written in the file itself. So are limits beyond which
# sessions are removed, which nobody is to set in passing.
_IN_THE_FILE_ALONE = frozenset({"redact", "keep_days", "keep_gb"})

_AURA_2_SPANISH = "sirio nestor carina celeste alvaro diana aquila selena estrella javier"

VOICES = (
    *AURA_2_ENGLISH,
    *(f"aura-2-{name}-es" for name in _AURA_2_SPANISH.split()),
)
"""Deepgram's voices of the second generation; others can be typed."""


class FilePreferences:
    """Reads and writes the file in threads, so that the screen never waits for a disk.

    `hear` says a sample; it is the engine's, whose loop the sound lives on.
    """

    def __init__(
        self,
        config: Config,
        hear: Callable[[str], Awaitable[None]],
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._config = config
        self._hear = hear
        self._environment = environment
        self._writing = asyncio.Lock()

    @property
    def place(self) -> str:
        return str(self._config.config_file)

    async def read(self) -> Mapping[str, Preference]:
        told = await asyncio.to_thread(in_file, self._config.config_file)
        usual = Config(home=self._config.home, config_file=self._config.config_file)
        overruled = {
            name: variable
            for variable, name in (ENVIRONMENT | _OTHER_VARIABLES).items()
            if self._environment.get(variable, "").strip()
        }
        return {
            name: Preference(
                cast("Value", told.get(name, _usual(usual, name))),
                told=name in told,
                overruled_by=overruled.get(name, ""),
            )
            for name in FILE_SETTINGS.values()
            if name not in _IN_THE_FILE_ALONE
        }

    async def write(self, name: str, value: Value | None) -> None:
        async with self._writing:
            await asyncio.to_thread(self._write, name, value)

    def _write(self, name: str, value: Value | None, without: str = "") -> None:
        environment = keyring.with_kept_keys(self._environment, without)
        write_setting(self._config.config_file, name, value, environment)

    async def write_key(self, binding_id: str, keys: str) -> None:
        async with self._writing:
            environment = await asyncio.to_thread(keyring.with_kept_keys, self._environment)
            file = self._config.config_file
            await asyncio.to_thread(write_key, file, binding_id, keys or None, environment)

    def voices(self) -> Sequence[str]:
        return () if self._config.embedded_voice else VOICES

    async def devices(self) -> Sequence[str]:
        from gramophone.devices.device_list import output_devices

        return await output_devices()

    async def hear_sample(self, voice: str) -> None:
        await self._hear(voice)

    async def accounts(self) -> Sequence[Account]:
        return await asyncio.to_thread(keyring.accounts, self._environment)

    async def no_keyring(self) -> str:
        return await asyncio.to_thread(keyring.no_keyring)

    async def keep_key(self, account: str, key: str) -> None:
        async with self._writing:
            await asyncio.to_thread(self._keep_key, account, key)

    def _keep_key(self, account: str, key: str) -> None:
        """First where it is kept, then the word that it is: never a word without a key."""
        names = [name for name in keyring.named(self._environment) if name != account]
        if key:
            keyring.keep(account, key)
            self._write("kept_keys", ", ".join([*names, account]))
        else:
            self._write("kept_keys", ", ".join(names) or None, without=account)
            keyring.keep(account, "")


def _usual(config: Config, name: str) -> Value:
    value = getattr(config, name)
    return "" if value is None else value

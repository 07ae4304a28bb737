"""Settings in memory, for the screen that changes them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from gramophone.config.file_reader import FILE_SETTINGS
from gramophone.core.errors import ConfigError, GramophoneError
from gramophone.ports.preferences import Account, Preference, Value

USUAL: Mapping[str, Value] = {
    "system_prompt": "Be brief.",
    "voice": "aura-2-thalia-en",
    "sample_rate_hz": 48_000,
    "speed": 1.0,
    "lang": "auto",
    "muted": False,
    "reduced_motion": False,
    "meter_frames_hz": 0,
}


class FakePreferences:
    """Implements `gramophone.ports.preferences.Preferences`; remembers what was written."""

    def __init__(self) -> None:
        self.path = "/home/me/.config/gramophone/config.toml"
        self.changed: dict[str, Value] = {}
        self.overruled: dict[str, str] = {}
        self.keys: dict[str, str] = {}
        self.written: list[tuple[str, Value | None]] = []
        self.sampled: list[str] = []
        self.refusal: GramophoneError | None = None
        self.silence: GramophoneError | None = None
        self.many_voices = True
        self.speakers: Sequence[str] | GramophoneError = ("Built-in", "Headphones")
        self.services = [
            Account("openai", "OpenAI", "OPENAI_API_KEY", "environment"),
            Account("anthropic", "Anthropic", "ANTHROPIC_API_KEY"),
            Account("deepgram", "Deepgram", "DEEPGRAM_API_KEY"),
        ]
        self.keyring_missing = ""
        self.ring: dict[str, str] = {}
        self.sample_held = asyncio.Event()
        self.sample_held.set()

    async def read(self) -> Mapping[str, Preference]:
        return {
            name: Preference(
                self.changed.get(name, USUAL.get(name, "")),
                name in self.changed,
                self.overruled.get(name, ""),
            )
            for name in FILE_SETTINGS.values()
        }

    async def write(self, name: str, value: Value | None) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.written.append((name, value))
        if value is None:
            self.changed.pop(name, None)
        else:
            self.changed[name] = value

    async def write_key(self, binding_id: str, keys: str) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.keys[binding_id] = keys

    def providers(self) -> Sequence[str]:
        return ("openai", "anthropic", "local", "mine")

    def voices(self) -> Sequence[str]:
        return ("aura-2-thalia-en", "aura-2-zeus-en") if self.many_voices else ()

    async def devices(self) -> Sequence[str]:
        if isinstance(self.speakers, GramophoneError):
            raise self.speakers
        return self.speakers

    async def play_sample(self, voice: str) -> None:
        await self.sample_held.wait()
        if self.silence is not None:
            raise self.silence
        self.sampled.append(voice)

    async def accounts(self) -> Sequence[Account]:
        return [
            replace(account, location="keyring") if account.name in self.ring else account
            for account in self.services
        ]

    async def why_no_keyring(self) -> str:
        return self.keyring_missing

    async def store_key(self, account: str, key: str) -> None:
        if self.keyring_missing:
            raise ConfigError(self.keyring_missing)
        if key:
            self.ring[account] = key
        else:
            self.ring.pop(account, None)

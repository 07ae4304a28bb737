"""Settings of a program's call, over those of the environment and `config.toml`."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeAlias, TypedDict

from gramophone.app.keyring import with_stored_keys
from gramophone.config.config import Config
from gramophone.config.loading import load

Record: TypeAlias = bool | str | os.PathLike[str]
"""Whether to record; a path is the data directory to record in."""

_FIELDS: Final = {"endpoint": "provider", "mute": "muted"}
"""Arguments whose field of `Config` has another name."""


class SpeechSettings(TypedDict, total=False):
    """Settings of whoever speaks. One that is None or not given is taken from the environment or
    `config.toml`, as the command line does.

    Attributes:
        voice: voice, for example `aura-2-thalia-en`.
        speak_url: address of the speech service.
        sample_rate_hz: rate of the sound, 8,000 to 48,000.
        speed: speed of speech as a factor, 0.7 to 1.5.
        lang: language by whose rules the text is spoken, or `auto`.
        mute: make and record the sound, but do not play it; nothing waits for it.
        device: name of the sound device.
    """

    voice: str | None
    speak_url: str | None
    sample_rate_hz: int | None
    speed: float | None
    lang: str | None
    mute: bool | None
    device: str | None


class TalkSettings(SpeechSettings, total=False):
    """Settings of a conversation.

    Attributes:
        endpoint: provider of the language model (`--provider`).
        model: model, as the provider calls it.
        system_prompt: instruction that goes with every request.
        max_tokens: most tokens of an answer.
    """

    endpoint: str | None
    model: str | None
    system_prompt: str | None
    max_tokens: int | None


async def settings_for(record: Record, settings: TalkSettings | SpeechSettings) -> Config:
    """Read the settings in force, with those of a call over them.

    Raises:
        ConfigError: a value is wrong; one sentence says what is allowed.
    """
    # Reads files, and asks the keyring, which may be another process that is busy.
    return await asyncio.to_thread(_settings_for, record, dict(settings))


def _settings_for(record: Record, flags: dict[str, object]) -> Config:
    flags = {_FIELDS.get(name, name): value for name, value in flags.items()}
    config = load(with_stored_keys(os.environ), **flags)
    if isinstance(record, bool):
        return replace(config, keep=record)
    return replace(config, keep=True, home=Path(record).expanduser().absolute())

"""The speech service in force: the one that a voice names, an address leads to, or a key allows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import SplitResult, parse_qsl, urlsplit, urlunsplit

from gramophone.config.named_tables import Tables
from gramophone.config.voices import (
    DEFAULT_FLUX_VOICE,
    DEFAULT_VOICE,
    EMBEDDED,
    EXAMPLES,
    PRESETS,
    SHOWN_CHARS,
    SPEECH_PATH,
    SPEEDS,
    VoiceProtocol,
    VoiceService,
    as_flux,
    read_voices,
    without_speech_path,
)
from gramophone.core.errors import ConfigError

SAMPLE_RATES_HZ: Final = (8000, 16000, 24000, 32000, 48000)
"""Rates that a service can be asked for."""

_FLUX: Final = "flux-"
_SPEAK_PATH: Final = "/v1/speak"
_FLUX_PATH: Final = "/v2/speak"
_TITLE: Final = "The speech service"


def chosen_service(
    voice: str, speak_url: str, tables: Tables, environment: Mapping[str, str]
) -> VoiceService:
    """The service that speaks with these settings.

    It is the one that the voice names, else that of the address, else Deepgram where its key is
    set, else the embedded one.

    Raises:
        ConfigError: a table has a value that cannot be used, or no service can be at the address.
    """
    services = read_voices(tables, environment)
    name, _, of_service = voice.partition("/")
    if name in services:
        return replace(services[name], voice=of_service or services[name].voice)
    if speak_url:
        return service_at(speak_url, voice, environment)
    if not services["deepgram"].key:
        return EMBEDDED
    service = replace(services["deepgram"], name="", voice=voice)
    return as_flux(service) if voice.startswith(_FLUX) else service


def voice_of(service: VoiceService, voice: str, services: Collection[str]) -> str:
    """The setting for a voice that is named alone, as one of the service that speaks now.

    `services` are the names of services, which mean themselves.

    Raises:
        ConfigError: the voice on this machine has no other.
    """
    if voice.partition("/")[0] in services:
        return voice
    if service.protocol == "embedded":
        raise ConfigError(
            f"The voice on this machine is {service.voice}; for {voice!r} set "
            "DEEPGRAM_API_KEY, or GRAMOPHONE_SPEAK_URL of a service that has it."
        )
    return f"{service.name}/{voice}" if service.name else voice


def service_at(address: str, voice: str, environment: Mapping[str, str]) -> VoiceService:
    """The service that an address leads to, by its path.

    Raises:
        ConfigError: no service can be there.
    """
    protocol, parts = _protocol_at(address)
    if protocol == "openai-speech":
        return _openai_at(without_speech_path(address), voice, environment)
    # A family of voices lives at one version only, so the voice decides where both are known.
    if parts.path == _FLUX_PATH and voice.startswith("aura-"):
        protocol, parts = "speak-v1", parts._replace(path=_SPEAK_PATH)
    elif protocol == "speak-v1" and parts.path == _SPEAK_PATH and voice.startswith(_FLUX):
        protocol, parts = "speak-v2", parts._replace(path=_FLUX_PATH)
    key_variable = PRESETS["deepgram"].key_variable
    return VoiceService(
        title=_TITLE,
        protocol=protocol,
        base_url=urlunsplit(parts),
        voice=voice,
        key_variable=key_variable,
        key=environment.get(key_variable, ""),
    )


def _openai_at(base_url: str, voice: str, environment: Mapping[str, str]) -> VoiceService:
    preset = PRESETS["openai"]
    service = replace(preset, name="", base_url=base_url, voice=voice, needs_key=False)
    if urlsplit(base_url).hostname == urlsplit(preset.base_url).hostname:
        return replace(service, key=environment.get(preset.key_variable, ""))
    # Another server must not be sent the key of OpenAI.
    return replace(service, title=_TITLE, key_variable="")


def default_voice_at(address: str) -> str:
    """The voice of an address where none is named."""
    try:
        protocol, _ = _protocol_at(address)
    except ConfigError:
        # Told where the service is chosen.
        return DEFAULT_VOICE
    if protocol == "speak-v2":
        return DEFAULT_FLUX_VOICE
    return PRESETS["openai"].voice if protocol == "openai-speech" else DEFAULT_VOICE


def _protocol_at(address: str) -> tuple[VoiceProtocol, SplitResult]:
    try:
        parts = urlsplit(address)
    except ValueError as error:
        raise _unreadable(address, error) from error
    path = parts.path.rstrip("/")
    match parts.scheme:
        case "ws" | "wss":
            return ("speak-v2" if path.endswith(_FLUX_PATH) else "speak-v1"), parts
        case "http" | "https" if path.endswith(SPEECH_PATH):
            return "openai-speech", parts
        case "http" | "https" if path.endswith(_SPEAK_PATH):
            return "speak-rest", parts
        case _:
            raise ConfigError(
                f"The speech address is {address[:SHOWN_CHARS]!r}; it must begin with ws:// or "
                f"wss://, for example {EXAMPLES['speak-v1']}, or be that of a service over HTTP, "
                "which ends in /v1/speak or in /v1/audio/speech."
            )


def address_parameters(speak_url: str) -> dict[str, str]:
    """Parameters in the query of the speech address.

    Raises:
        ConfigError: it cannot be read, or asks for what cannot be played.
    """
    try:
        parameters = dict(parse_qsl(urlsplit(speak_url).query)) if speak_url else {}
    except ValueError as error:
        raise _unreadable(speak_url, error) from error
    if parameters.get("encoding", "linear16") != "linear16":
        raise ConfigError("The speech address asks for another encoding than linear16.")
    rate = parameters.get("sample_rate", "0")
    if not rate.isdecimal() or len(rate) > 9:
        raise ConfigError(f"The speech address asks for a sample rate of {rate[:40]!r}.")
    return parameters


def check_service(service: VoiceService, speed: float, sample_rate_hz: int) -> None:
    """Refuse settings that the service cannot have.

    Raises:
        ConfigError: one of them is wrong, or its key is missing.
    """
    if sample_rate_hz not in SAMPLE_RATES_HZ:
        rates = ", ".join(map(str, SAMPLE_RATES_HZ))
        raise ConfigError(f"sample_rate_hz is {sample_rate_hz}; it must be one of {rates}.")
    slowest, fastest = SPEEDS[service.protocol]
    if not slowest <= speed <= fastest:
        raise ConfigError(f"speed is {speed:g}; it must be between {slowest:g} and {fastest:g}.")
    if service.needs_key and not service.key:
        raise ConfigError(f"The voice {service.name} needs {service.key_variable}.")


def _unreadable(address: str, error: ValueError) -> ConfigError:
    return ConfigError(
        f"The speech address {address[:SHOWN_CHARS]!r} cannot be read ({error}); write it as "
        f"{EXAMPLES['speak-v1']}."
    )

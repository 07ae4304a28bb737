"""Speech services by name: those of the program, and `[voices.NAME]` of `config.toml`.

A voice is chosen as NAME, as NAME/VOICE for another voice of that service, or as VOICE alone for
one of the service that is spoken with anyway. The key of a service comes from its own environment
variable, and goes to its address alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, cast
from urllib.parse import urlsplit

from gramophone.config.named_tables import Tables, checked_timeout_s
from gramophone.core.errors import ConfigError
from gramophone.core.frozen import frozen

VoiceProtocol: TypeAlias = Literal[
    "speak-v1", "speak-v2", "speak-rest", "openai-speech", "embedded"
]

DEFAULT_VOICE: Final = "aura-2-thalia-en"
DEFAULT_FLUX_VOICE: Final = "flux-heather-en"
DEEPGRAM_SPEAK_URL: Final = "wss://api.deepgram.com/v1/speak"
OPENAI_RATE_HZ: Final = 24_000
RESPONSE_FORMATS: Final = ("pcm", "wav", "mp3", "opus", "flac")
STREAM_FORMATS: Final = ("audio", "sse")
SPEEDS: Final[Mapping[VoiceProtocol, tuple[float, float]]] = {
    "speak-v1": (0.7, 1.5),
    "speak-v2": (0.5, 1.5),
    "speak-rest": (0.7, 1.5),
    "openai-speech": (0.25, 4.0),
    "embedded": (0.7, 1.5),
}
"""The slowest and the fastest speed, by protocol."""

VOICE_ENTRIES: Final[Mapping[str, tuple[type, ...]]] = {
    "protocol": (str,),
    "base_url": (str,),
    "model": (str,),
    "voice": (str,),
    "key_env": (str,),
    "instructions": (str,),
    "speed": (int, float),
    "response_format": (str,),
    "stream_format": (str,),
    "sample_rate_hz": (int,),
    "folder": (str,),
    "timeout_s": (int, float),
}
"""Entries of a table `[voices.NAME]`, and the types that they may have."""

_SCHEMES: Final[Mapping[VoiceProtocol, tuple[str, str]]] = {
    "speak-v1": ("ws", "wss"),
    "speak-v2": ("ws", "wss"),
    "speak-rest": ("http", "https"),
    "openai-speech": ("http", "https"),
}
EXAMPLES: Final[Mapping[VoiceProtocol, str]] = {
    "speak-v1": "ws://127.0.0.1:8080/v1/speak",
    "speak-v2": "ws://127.0.0.1:8080/v2/speak",
    "speak-rest": "http://127.0.0.1:8080/v1/speak",
    "openai-speech": "http://127.0.0.1:8880/v1",
}
SPEECH_PATH: Final = "/audio/speech"
_LEAST_RATE_HZ, _MOST_RATE_HZ = 8_000, 48_000
SHOWN_CHARS: Final = 120


@frozen(kw_only=True)
class VoiceService:
    """A service that speaks, and the voice it speaks with.

    Attributes:
        name: what stands in settings; empty for the one that an address or a key leads to.
        title: what sentences call it.
        protocol: how it is spoken to.
        base_url: its address; for `openai-speech` without the path of the protocol.
        model: for `openai-speech`; the others have one name for model and voice.
        key_variable: environment variable of its key.
        key: empty where it wants none.
        needs_key: whether it is refused without a key.
        instructions: how to speak, for models that take that.
        speed: where no other is asked for; 1.0 is as the voice speaks.
        stream_format: `sse` for events; empty leaves it to the service.
        sample_rate_hz: rate of its sound; 0 where it sends the rate that it is asked for.
        folder: with more voices of the embedded engine; empty for the usual place.
        timeout_s: how long it may be silent while it owes sound; None for the usual time.
    """

    name: str = ""
    title: str
    protocol: VoiceProtocol
    base_url: str = ""
    model: str = ""
    voice: str = DEFAULT_VOICE
    key_variable: str = ""
    key: str = field(default="", repr=False)
    needs_key: bool = False
    instructions: str = ""
    speed: float = 1.0
    response_format: str = RESPONSE_FORMATS[0]
    stream_format: str = ""
    sample_rate_hz: int = 0
    folder: str = ""
    timeout_s: float | None = None

    @property
    def shown_name(self) -> str:
        """Name for the status line and the session's row, by which it can be chosen again."""
        if not self.name or self.name == self.voice:
            return self.voice
        return f"{self.name}/{self.voice}"


def _openai(name: str, title: str, base_url: str, model: str, voice: str) -> VoiceService:
    return VoiceService(
        name=name,
        title=title,
        protocol="openai-speech",
        base_url=base_url,
        model=model,
        voice=voice,
        sample_rate_hz=OPENAI_RATE_HZ,
    )


def _deepgram(name: str, protocol: VoiceProtocol, base_url: str, voice: str) -> VoiceService:
    return VoiceService(
        name=name,
        title="Deepgram",
        protocol=protocol,
        base_url=base_url,
        voice=voice,
        key_variable="DEEPGRAM_API_KEY",
        needs_key=True,
    )


EMBEDDED: Final = VoiceService(
    name="piper", title="The embedded voice", protocol="embedded", voice="piper"
)
PRESETS: Final[Mapping[str, VoiceService]] = {
    preset.name: preset
    for preset in (
        replace(
            _openai(
                "openai",
                "OpenAI's speech",
                "https://api.openai.com/v1",
                "gpt-4o-mini-tts",
                "alloy",
            ),
            key_variable="OPENAI_API_KEY",
            needs_key=True,
        ),
        _deepgram("deepgram", "speak-v1", DEEPGRAM_SPEAK_URL, DEFAULT_VOICE),
        _deepgram(
            "deepgram-rest", "speak-rest", "https://api.deepgram.com/v1/speak", DEFAULT_VOICE
        ),
        _openai("kokoro", "Kokoro", "http://127.0.0.1:8880/v1", "kokoro", "af_heart"),
        EMBEDDED,
    )
}
"""Services that need one word, and a key where they want one."""


def key_variables(tables: Tables) -> dict[str, str]:
    """Environment variables that hold keys, by service: of presets, and of a file's tables."""
    variables = {name: preset.key_variable for name, preset in PRESETS.items()}
    for name, table in tables.items():
        usual = variables.get(name, "") if "base_url" not in table else ""
        variables[name] = str(table.get("key_env") or usual or _own_key_variable(name, table))
    return {name: variable for name, variable in variables.items() if variable}


def _own_key_variable(name: str, table: Mapping[str, object]) -> str:
    """The variable of a table's key where it names none: that of the protocol's own service, or,
    for another server, one of its own, because it must not be sent that key."""
    protocol = cast("VoiceProtocol", table.get("protocol", ""))
    if "base_url" not in table and protocol != "embedded":
        return "OPENAI_API_KEY" if protocol == "openai-speech" else "DEEPGRAM_API_KEY"
    return f"GRAMOPHONE_{name.upper().replace('-', '_')}_VOICE_KEY"


def read_voices(tables: Tables, environment: Mapping[str, str]) -> dict[str, VoiceService]:
    """Every service by name: of the file in its order, then the presets.

    Raises:
        ConfigError: a table has a value that cannot be used.
    """
    variables = key_variables(tables)
    services = {name: _with_table(name, table) for name, table in tables.items()}
    for name, preset in PRESETS.items():
        services.setdefault(name, preset)
    return {
        name: replace(
            service,
            key_variable=(variable := variables.get(name, "")),
            key=environment.get(variable, "").strip(),
        )
        for name, service in services.items()
    }


def as_flux(service: VoiceService) -> VoiceService:
    """Deepgram with the protocol that its newest models alone speak."""
    address = DEEPGRAM_SPEAK_URL.replace("/v1/", "/v2/")
    voice = DEFAULT_FLUX_VOICE if service.voice == DEFAULT_VOICE else service.voice
    return replace(service, protocol="speak-v2", base_url=address, voice=voice)


def without_speech_path(address: str) -> str:
    """The base URL of an address of `openai-speech`, which may be that of the requests."""
    return address.partition("?")[0].rstrip("/").removesuffix(SPEECH_PATH)


# --- a table ----------------------------------------------------------------------------------


def _with_table(name: str, table: Mapping[str, Any]) -> VoiceService:
    where = f"[voices.{name}]"
    service = _with_protocol(where, name, table)
    if "base_url" in table:
        service = _with_address(where, service, str(table["base_url"]))
    model = str(table.get("model", service.model))
    one_name = service.protocol != "openai-speech"
    voice = str(table.get("voice") or (model if one_name else "") or service.voice)
    if not voice or not re.fullmatch(r"[^\s/][^\s]{0,199}", voice):
        raise ConfigError(f"{where} voice is {voice!r:.60}; write its name, without blanks.")
    if service.protocol == "openai-speech" and not model:
        raise ConfigError(
            f'{where} has no model; write the server\'s, for example model = "tts-1".'
        )
    return replace(
        service,
        model=model,
        voice=voice,
        needs_key=service.needs_key or "key_env" in table,
        instructions=str(table.get("instructions", service.instructions)),
        speed=_speed(where, service.protocol, table.get("speed", service.speed)),
        response_format=_one_of(
            where, "response_format", table.get("response_format", "pcm"), RESPONSE_FORMATS
        ),
        stream_format=_one_of(
            where, "stream_format", table.get("stream_format", "audio"), STREAM_FORMATS
        ).replace("audio", ""),
        sample_rate_hz=_rate_hz(where, table.get("sample_rate_hz", service.sample_rate_hz)),
        folder=_folder(where, service.protocol, str(table.get("folder", ""))),
        timeout_s=_timeout_s(where, service.protocol, table.get("timeout_s")),
    )


def _with_protocol(where: str, name: str, table: Mapping[str, Any]) -> VoiceService:
    """The service that a table begins with: the preset of its name, or that of its protocol."""
    preset = PRESETS.get(name)
    protocol = table.get("protocol", preset.protocol if preset is not None else "")
    if protocol not in SPEEDS:
        raise ConfigError(
            f"{where} protocol is {protocol!r:.60}; it must be one of {', '.join(SPEEDS)}."
        )
    if preset is not None and preset.protocol == protocol:
        return preset
    match protocol:
        case "openai-speech":
            return replace(PRESETS["openai"], name=name)
        case "speak-rest":
            return replace(PRESETS["deepgram-rest"], name=name)
        case "speak-v1":
            return replace(PRESETS["deepgram"], name=name)
        case "speak-v2":
            return as_flux(replace(PRESETS["deepgram"], name=name))
        case _:
            return replace(EMBEDDED, name=name)


def _with_address(where: str, service: VoiceService, base_url: str) -> VoiceService:
    """The service at another address: it is not to be blamed by the name of the usual one, and may
    want no key."""
    protocol = service.protocol
    if protocol == "embedded":
        raise ConfigError(f"{where} is a voice on this machine, which has no base_url; remove it.")
    parts = urlsplit(base_url)
    if parts.scheme not in _SCHEMES[protocol] or not parts.hostname:
        raise ConfigError(
            f"{where} base_url is {base_url[:SHOWN_CHARS]!r}; for {protocol} write it as "
            f"{EXAMPLES[protocol]}."
        )
    if "@" in parts.netloc:
        raise ConfigError(
            f"{where} base_url holds a user name or a password, which would be stored with every "
            "session; remove it, and name the variable of the key with key_env."
        )
    if protocol == "openai-speech":
        base_url = without_speech_path(base_url)
    title = f"The voice {service.name}"
    return replace(service, base_url=base_url, title=title, needs_key=False)


def _speed(where: str, protocol: VoiceProtocol, speed: float) -> float:
    slowest, fastest = SPEEDS[protocol]
    if not slowest <= speed <= fastest:
        raise ConfigError(
            f"{where} speed is {speed:g}; it must be between {slowest:g} and {fastest:g}."
        )
    return float(speed)


def _folder(where: str, protocol: VoiceProtocol, folder: str) -> str:
    if folder and protocol != "embedded":
        raise ConfigError(f"{where} folder is for voices on this machine; remove it.")
    if folder and not Path(folder).expanduser().is_dir():
        raise ConfigError(f"{where} folder is {folder[:SHOWN_CHARS]!r}, where no folder is.")
    return folder


def _timeout_s(where: str, protocol: VoiceProtocol, timeout_s: Any) -> float | None:
    if timeout_s is not None and protocol == "embedded":
        raise ConfigError(f"{where} timeout_s is for services; remove it.")
    return checked_timeout_s(where, timeout_s)


def _one_of(where: str, entry: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise ConfigError(
            f"{where} {entry} is {value!r:.60}; it must be one of {', '.join(allowed)}."
        )
    return value


def _rate_hz(where: str, rate_hz: int) -> int:
    if rate_hz and not _LEAST_RATE_HZ <= rate_hz <= _MOST_RATE_HZ:
        raise ConfigError(
            f"{where} sample_rate_hz is {rate_hz}; it must be between {_LEAST_RATE_HZ} and "
            f"{_MOST_RATE_HZ}."
        )
    return rate_hz

"""Settings: flags over environment over `config.toml` over defaults. Services' keys come from the
environment alone; what is in a keyring the command line puts there."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import field, fields, replace
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import platformdirs

from gramophone.core.errors import ConfigError
from gramophone.core.frozen import frozen
from gramophone.system.regular_files import read_regular
from gramophone.text.redaction import refusal

PROVIDERS = ("openai", "anthropic", "local")
MEMORIES = ("heard", "read")
DEEPGRAM_SPEAK_URL = "wss://api.deepgram.com/v1/speak"
DEFAULT_VOICE = "aura-2-thalia-en"
MOST_METER_FRAMES_HZ = 15
MOST_KEEP_DAYS = 100_000
_MOST_KEY_PARTS = 200
SAMPLE_RATES_HZ = (8000, 16000, 24000, 32000, 48000)
DEFAULT_MODELS = {
    "openai": "gpt-5-mini",
    "anthropic": "claude-haiku-4-5",
    "local": "smollm2-135m-instruct",
}
DEFAULT_SYSTEM_PROMPT = (
    "You are a friendly voice assistant. Your answer is read aloud: keep it short and plain."
)

_LANGUAGE = re.compile(r"(?:auto|[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*)\Z")

FILE_SETTINGS = {
    ("model", "provider"): "provider",
    ("model", "name"): "model",
    ("model", "system_prompt"): "system_prompt",
    ("model", "memory"): "memory",
    ("model", "max_tokens"): "max_tokens",
    ("model", "openai_base_url"): "openai_base_url",
    ("model", "anthropic_base_url"): "anthropic_base_url",
    ("model", "local_file"): "local_model",
    ("speech", "url"): "speak_url",
    ("speech", "voice"): "voice",
    ("speech", "sample_rate_hz"): "sample_rate_hz",
    ("speech", "speed"): "speed",
    ("speech", "language"): "lang",
    ("sound", "muted"): "muted",
    ("sound", "device"): "device",
    ("accounts", "keyring"): "kept_keys",
    ("recording", "redact"): "redact",
    ("library", "keep_days"): "keep_days",
    ("library", "keep_gb"): "keep_gb",
    ("screen", "theme"): "theme",
    ("screen", "reduced_motion"): "reduced_motion",
    ("screen", "meter_frames_hz"): "meter_frames_hz",
}
"""Every key of `config.toml`, as table and name, and the setting it sets."""

KEYS_TABLE = "keys"
"""The one table whose names are not ours to list: which bindings there are the screen knows."""

ENVIRONMENT = {
    "GRAMOPHONE_SPEAK_URL": "speak_url",
    "GRAMOPHONE_LOCAL_MODEL": "local_model",
    "DEEPGRAM_API_KEY": "deepgram_key",
    "OPENAI_API_KEY": "openai_key",
    "OPENAI_BASE_URL": "openai_base_url",
    "ANTHROPIC_API_KEY": "anthropic_key",
    "ANTHROPIC_BASE_URL": "anthropic_base_url",
}


@frozen(kw_only=True)
class Config:
    """What the program was told. Empty strings mean 'not set'."""

    home: Path
    config_file: Path
    provider: str = ""
    model: str = ""
    system_prompt: str = DEFAULT_SYSTEM_PROMPT
    memory: str = ""
    max_tokens: int | None = None
    voice: str = DEFAULT_VOICE
    speak_url: str = ""
    sample_rate_hz: int = 48_000
    speed: float = 1.0
    lang: str = "auto"
    muted: bool = False
    device: str = ""
    kept_keys: str = ""
    redact: Sequence[str] = ()
    keep: bool = True
    keep_days: int = 0
    keep_gb: float = 0.0
    theme: str = ""
    reduced_motion: bool = False
    meter_frames_hz: int = 0
    keys: Mapping[str, str] = field(default_factory=dict[str, str])
    local_model: str = ""
    openai_base_url: str = ""
    anthropic_base_url: str = ""
    deepgram_key: str = field(default="", repr=False)
    openai_key: str = field(default="", repr=False)
    anthropic_key: str = field(default="", repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every value that must never reach a file, a log or an event."""
        return tuple(k for k in (self.deepgram_key, self.openai_key, self.anthropic_key) if k)

    @property
    def embedded_voice(self) -> bool:
        """Whether speech comes from the stand-in on this machine."""
        return not self.speak_url and not self.deepgram_key

    @property
    def voice_name(self) -> str:
        """What the status line and the session row say of the voice."""
        return "piper" if self.embedded_voice else self.voice

    @property
    def model_name(self) -> str:
        """What the status line says of the model."""
        if self.provider == "local":
            return self.local_model or DEFAULT_MODELS["local"]
        return self.model

    @property
    def speak_endpoint(self) -> str:
        """Where speech is asked for, unless the voice is embedded."""
        return self.speak_url or DEEPGRAM_SPEAK_URL


def load(
    environment: Mapping[str, str] = os.environ, file: Path | None = None, /, **flags: object
) -> Config:
    """The settings in force. Flags that are None are not set; `file` is read instead of the usual.

    Raises:
        ConfigError: a value is wrong; one sentence names it and says what is allowed.
    """
    home, usual_file = places(environment)
    config_file = file or usual_file
    config = Config(home=home, config_file=config_file)
    config = _replace(config, in_file(config_file))
    told = {name: environment.get(key, "").strip() for key, name in ENVIRONMENT.items()}
    config = _replace(config, {name: value for name, value in told.items() if value})
    config = _replace(config, {name: value for name, value in flags.items() if value is not None})
    provider = config.provider or _default_provider(config)
    config = replace(config, provider=provider)
    config = _with_address(config)
    _check(config)
    return replace(config, model=config.model or DEFAULT_MODELS[provider])


def choose(
    config: Config,
    *,
    provider: str = "",
    model: str = "",
    voice: str = "",
    system_prompt: str = "",
    speed: float = 0.0,
    lang: str = "",
) -> Config:
    """The settings with what one conversation wants otherwise; what is empty stays.

    Raises:
        ConfigError: it cannot be had; one sentence says what is allowed.
    """
    chosen = replace(config, system_prompt=system_prompt or config.system_prompt)
    if provider:
        kept_model = config.model if provider == config.provider else ""
        chosen = replace(chosen, provider=provider, model=kept_model)
    chosen = replace(chosen, speed=speed or chosen.speed, lang=lang or chosen.lang)
    _check(chosen)
    if chosen.provider == "local":
        chosen = _with_local_model(chosen, model)
    else:
        chosen = replace(chosen, model=model or chosen.model or DEFAULT_MODELS[chosen.provider])
    if voice and voice != chosen.voice_name:
        if chosen.embedded_voice:
            raise ConfigError(
                f"The voice on this machine is {chosen.voice_name}; for {voice!r} set "
                "DEEPGRAM_API_KEY, or GRAMOPHONE_SPEAK_URL of a service that has it."
            )
        chosen = replace(chosen, voice=voice)
    return chosen


def _with_local_model(config: Config, model: str) -> Config:
    if model in ("", config.model_name):
        return config
    if model == DEFAULT_MODELS["local"]:
        return replace(config, local_model="")
    if not Path(model).expanduser().is_file():
        raise ConfigError(
            f"There is no model {model!r} on this machine; name a GGUF file, or "
            f"{DEFAULT_MODELS['local']}."
        )
    return replace(config, local_model=model)


def places(environment: Mapping[str, str]) -> tuple[Path, Path]:
    """The data directory, and the settings file that is read.

    Raises:
        ConfigError: the data directory that is named cannot be looked at.
    """
    if named := environment.get("GRAMOPHONE_HOME", "").strip():
        try:
            home = Path(named).expanduser().absolute()
            if (own := home / "config.toml").exists():
                return home, own
        except (OSError, RuntimeError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise ConfigError(
                f"GRAMOPHONE_HOME is {named!r}, which cannot be used ({reason}); name a directory "
                "that you may write to."
            ) from error
    else:
        home = Path(platformdirs.user_data_dir("gramophone", appauthor=False))
    return home, Path(platformdirs.user_config_dir("gramophone", appauthor=False)) / "config.toml"


def _unreadable(path: Path, error: Exception | str) -> ConfigError:
    return ConfigError(f"{path} cannot be read ({error}); correct it or move it away.")


def in_file(path: Path) -> dict[str, object]:
    """What the file itself says, by setting.

    Raises:
        ConfigError: it cannot be read, or has what is no setting.
    """
    try:
        text = read_regular(path).decode()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _unreadable(path, error.strerror or error) from error
    except UnicodeDecodeError as error:
        raise _unreadable(path, error) from error
    # Most have no such file, and the first frame does not wait for its parser.
    import tomllib

    try:
        _refuse_deep_keys(text)
        tables: dict[str, Any] = tomllib.loads(text)
        return _settings(path, tables)
    except RecursionError as error:
        raise _unreadable(path, "it is nested too deeply") from error
    except ValueError as error:
        # Not only TOMLDecodeError: a number of more than 4,300 digits, for example.
        raise _unreadable(path, error) from error


def _refuse_deep_keys(text: str) -> None:
    """Raises RecursionError for a key of very many parts, over which the parser takes minutes."""
    for line in text.splitlines():
        key = re.split("[=\"'#]", line, maxsplit=1)[0]
        if key.count(".") > _MOST_KEY_PARTS:
            raise RecursionError


def _settings(path: Path, tables: Mapping[str, Any]) -> dict[str, object]:
    settings: dict[str, object] = {}
    for table, entries in tables.items():
        if not isinstance(entries, dict):
            raise ConfigError(f"{path}: {table!r} is outside a table; see docs/config.md.")
        told = cast("dict[str, object]", entries)
        if table == KEYS_TABLE:
            settings["keys"] = _keys(path, told)
            continue
        for name, value in told.items():
            setting = FILE_SETTINGS.get((table, name))
            if setting is None:
                raise ConfigError(f"{path}: [{table}] has no setting {name!r}; see docs/config.md.")
            settings[setting] = value
    return settings


def _keys(path: Path, entries: dict[str, object], prefix: str = "") -> dict[str, str]:
    """`app.help = "f1"` is a table in a table to TOML; here it is the name `app.help`."""
    keys: dict[str, str] = {}
    for name, value in entries.items():
        if isinstance(value, dict):
            keys |= _keys(path, cast("dict[str, object]", value), f"{prefix}{name}.")
        elif isinstance(value, str):
            keys[prefix + name] = value
        else:
            raise ConfigError(
                f'{path}: [keys] {prefix}{name} is {value!r}; write keys as "f5" or "f5, ctrl+h".'
            )
    return keys


def _replace(config: Config, settings: Mapping[str, object]) -> Config:
    kinds = {
        "max_tokens": (int,),
        "sample_rate_hz": (int,),
        "speed": (int, float),
        "muted": (bool,),
        "keep": (bool,),
        "reduced_motion": (bool,),
        "meter_frames_hz": (int,),
        "keep_days": (int,),
        "keep_gb": (int, float),
        "keys": (dict,),
        "redact": (list,),
    }
    known = {field.name for field in fields(Config)} - {"home", "config_file"}
    for name, value in settings.items():
        if name not in known:
            raise ConfigError(f"There is no setting {name!r}.")
        wanted_kinds = kinds.get(name, (str,))
        # To Python True is a number, to a reader of config.toml it is not.
        if not isinstance(value, wanted_kinds) or (
            isinstance(value, bool) and bool not in wanted_kinds
        ):
            wanted = " or ".join(kind.__name__ for kind in wanted_kinds)
            raise ConfigError(f"{name} is {value!r}; it must be of type {wanted}.")
    return replace(config, **settings)  # pyright: ignore[reportArgumentType]


def _with_address(config: Config) -> Config:
    """What the speech address itself asks for goes for the rest of the program too."""
    try:
        asked = dict(parse_qsl(urlsplit(config.speak_url).query)) if config.speak_url else {}
    except ValueError as error:
        raise ConfigError(
            f"The speech address {config.speak_url[:200]!r} cannot be read ({error}); write it as "
            "ws://127.0.0.1:8080/v1/speak."
        ) from error
    if asked.get("encoding", "linear16") != "linear16":
        raise ConfigError("The speech address asks for another encoding than linear16.")
    rate = asked.get("sample_rate", str(config.sample_rate_hz))
    if not rate.isdecimal() or len(rate) > 9:
        raise ConfigError(f"The speech address asks for a sample rate of {rate[:40]!r}.")
    voice = asked.get("model", config.voice)
    return replace(config, sample_rate_hz=int(rate), voice=voice)


def _default_provider(config: Config) -> str:
    if config.openai_key or config.openai_base_url:
        return "openai"
    return "anthropic" if config.anthropic_key else "local"


def _check(config: Config) -> None:
    if config.provider not in PROVIDERS:
        raise ConfigError(
            f"The provider is {config.provider!r}; it must be one of {', '.join(PROVIDERS)}."
        )
    if config.sample_rate_hz not in SAMPLE_RATES_HZ:
        rates = ", ".join(map(str, SAMPLE_RATES_HZ))
        raise ConfigError(f"sample_rate_hz is {config.sample_rate_hz}; it must be one of {rates}.")
    if not 0.7 <= config.speed <= 1.5:
        raise ConfigError(f"speed is {config.speed:g}; it must be between 0.7 and 1.5.")
    if config.memory and config.memory not in MEMORIES:
        raise ConfigError(
            f"memory is {config.memory!r}; it must be heard (the model remembers an answer up to "
            "where its sound was stopped) or read (all text that came)."
        )
    if not _LANGUAGE.match(config.lang):
        raise ConfigError(
            f"The language of speech is {config.lang!r}; it must be auto, or a code such as de or "
            "pt-BR."
        )
    if config.max_tokens is not None and config.max_tokens < 1:
        raise ConfigError(f"max_tokens is {config.max_tokens}; it must be at least 1.")
    if not 0 <= config.meter_frames_hz <= MOST_METER_FRAMES_HZ:
        raise ConfigError(
            f"meter_frames_hz is {config.meter_frames_hz}; it must be between 0 (as the connection "
            f"allows) and {MOST_METER_FRAMES_HZ}."
        )
    if not 0 <= config.keep_days <= MOST_KEEP_DAYS or not 0 <= config.keep_gb < 1e6:
        raise ConfigError(
            f"keep_days is {config.keep_days} and keep_gb is {config.keep_gb:g}; write 0 to keep "
            "everything, or how many days or gigabytes to keep."
        )
    _check_patterns(config.redact)
    if config.speak_url and not config.speak_url.startswith(("ws://", "wss://")):
        raise ConfigError(
            f"The speech address is {config.speak_url!r}; it must begin with ws:// or wss://, "
            "for example ws://127.0.0.1:8080/v1/speak."
        )
    if config.provider == "openai" and not (config.openai_key or config.openai_base_url):
        raise ConfigError(
            "The provider openai needs OPENAI_API_KEY, or OPENAI_BASE_URL of a local server."
        )
    if config.provider == "anthropic" and not (config.anthropic_key or config.anthropic_base_url):
        raise ConfigError("The provider anthropic needs ANTHROPIC_API_KEY.")


def _check_patterns(patterns: Sequence[object]) -> None:
    for pattern in patterns:
        if not isinstance(pattern, str):
            raise ConfigError(f"redact holds {pattern!r}; it must be a list of patterns in quotes.")
        if reason := refusal(pattern):
            raise ConfigError(
                f"The pattern {pattern!r} in redact {reason}; correct it or remove it."
            )

"""Settings: flags over environment over `config.toml` over defaults.

Services' keys come from the environment alone. Keys of a keyring are put into the environment by
`gramophone.app.keyring` before it is read here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import field, fields, replace
from pathlib import Path
from typing import cast

from gramophone.config.endpoint_addresses import check_base_url
from gramophone.config.endpoints import (
    LOCAL,
    Endpoint,
    built_in,
    fallback_of,
    key_variables,
    read_endpoints,
    settings_of,
)
from gramophone.config.file_reader import read_settings
from gramophone.config.locations import locate
from gramophone.config.services import (
    ADDRESSED_SERVICES,
    DEFAULT_MODELS,
    KEYED_SERVICES,
    PROVIDERS,
)
from gramophone.config.user_models import is_user_model, user_model
from gramophone.config.voice_choice import (
    address_parameters,
    check_service,
    chosen_service,
    default_voice_at,
    voice_of,
)
from gramophone.config.voices import DEFAULT_VOICE, VoiceService, read_voices
from gramophone.config.voices import key_variables as voice_key_variables
from gramophone.core.errors import ConfigError
from gramophone.core.frozen import frozen
from gramophone.core.model_settings import ModelSettings
from gramophone.text.redaction import refusal

MEMORIES = ("heard", "read")
MOST_METER_FRAMES_HZ = 15
MOST_KEEP_DAYS = 100_000
DEFAULT_SYSTEM_PROMPT = (
    "You are a friendly voice assistant. Your answer is read aloud: keep it short and plain."
)

_LANGUAGE = re.compile(r"(?:auto|[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*)\Z")

ENVIRONMENT = {
    "GRAMOPHONE_SPEAK_URL": "speak_url",
    "GRAMOPHONE_LOCAL_MODEL": "local_model",
    **{service.key_variable: service.key_setting for service in KEYED_SERVICES},
    **{service.base_url_variable: service.base_url_setting for service in ADDRESSED_SERVICES},
}
"""Every environment variable, and the field of `Config` that it sets."""

_TYPES = {
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
    "endpoint_tables": (dict,),
    "voice_tables": (dict,),
    "settings": (ModelSettings,),
}
"""Types of the settings that are not strings, as `config.toml` has them."""


@frozen(kw_only=True)
class Config:
    """Settings in force. Empty strings mean 'not set'."""

    home: Path
    config_file: Path
    provider: str = ""
    model: str = ""
    system_prompt: str = DEFAULT_SYSTEM_PROMPT
    memory: str = ""
    max_tokens: int | None = None
    settings: ModelSettings = field(default_factory=ModelSettings)
    endpoint_tables: Mapping[str, Mapping[str, object]] = field(
        default_factory=dict[str, Mapping[str, object]]
    )
    voice: str = DEFAULT_VOICE
    voice_tables: Mapping[str, Mapping[str, object]] = field(
        default_factory=dict[str, Mapping[str, object]]
    )
    speak_url: str = ""
    sample_rate_hz: int = 48_000
    speed: float = 1.0
    lang: str = "auto"
    muted: bool = False
    device: str = ""
    keyring_services: str = ""
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
    endpoint_variables: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    voice_variables: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    @property
    def api_keys(self) -> Mapping[str, str]:
        """The key of every service that takes one, by its environment variable; empty ones too.

        Of endpoints without a key only those are in it that need one and stand in the file.
        """
        # getattr without a default: a service of the table whose field is missing must fail here
        # instead of passing for one without a key, because its key would not be redacted.
        keys = {
            service.key_variable: getattr(self, service.key_setting) for service in KEYED_SERVICES
        }
        for name, endpoint in self.endpoints.items():
            if endpoint.key or (endpoint.needs_key and name in self.endpoint_tables):
                keys.setdefault(endpoint.key_variable, endpoint.key)
        for voice in self.voices.values():
            if voice.key or (voice.needs_key and voice.name in self.voice_tables):
                keys.setdefault(voice.key_variable, voice.key)
        return keys

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every value that must never reach a file, a log or an event."""
        keys = [key for key in self.api_keys.values() if key]
        of_endpoints = [part for endpoint in self.endpoints.values() for part in endpoint.secrets]
        return tuple(dict.fromkeys([*keys, *of_endpoints]))

    @property
    def endpoints(self) -> Mapping[str, Endpoint]:
        """Every endpoint of language models by name, usable or not; `local` is none of them."""
        known = {
            name: built_in(
                name,
                key=getattr(self, service.key_setting),
                base_url=getattr(self, service.base_url_setting),
            )
            for name, service in PROVIDERS.items()
            if service.key_variable
        }
        return read_endpoints(self.endpoint_tables, known, self.endpoint_variables)

    @property
    def provider_names(self) -> tuple[str, ...]:
        """Names that a provider can have: the program's, those of the file, then presets."""
        own = [name for name in self.endpoint_tables if name not in PROVIDERS]
        return tuple(dict.fromkeys([*PROVIDERS, *own, *self.endpoints]))

    @property
    def usable_providers(self) -> tuple[str, ...]:
        """Providers that can be asked, in the order of preference.

        A provider is usable if it takes no key, or if its key or its address is set: a server at
        an address of one's own often wants no key. A preset stands behind the embedded model, so
        that it is never the default.
        """
        endpoints = self.endpoints
        own = [name for name in self.endpoint_tables if name not in PROVIDERS]
        first = [name for name in PROVIDERS if name != LOCAL]
        order = dict.fromkeys([*first, *own, LOCAL, *endpoints])
        return tuple(name for name in order if name == LOCAL or endpoints[name].usable)

    @property
    def default_model(self) -> str:
        """The model that the provider is asked for where none is named; empty where it has none."""
        if is_user_model(self.provider):
            return user_model(self.provider).source
        if self.provider == LOCAL:
            return DEFAULT_MODELS[LOCAL]
        return self.endpoints[self.provider].model

    @property
    def model_settings(self) -> ModelSettings:
        """Settings of each request: those of the conversation over those of the endpoint."""
        if is_user_model(self.provider):
            of_endpoint = ModelSettings()
        elif self.provider == LOCAL:
            of_endpoint = settings_of(self.endpoint_tables, LOCAL)
        else:
            of_endpoint = self.endpoints[self.provider].settings
        below = of_endpoint.over(ModelSettings(max_tokens=self.max_tokens))
        return self.settings.over(below)

    @property
    def fallback(self) -> tuple[str, ...]:
        """Endpoints that are asked, in this order, when the provider fails."""
        return fallback_of(self.endpoint_tables.get(self.provider, {}))

    @property
    def voices(self) -> Mapping[str, VoiceService]:
        """Every speech service by name, usable or not."""
        return read_voices(self.voice_tables, self._voice_environment)

    @property
    def voice_service(self) -> VoiceService:
        """The service that speaks, with its voice."""
        return chosen_service(
            self.voice, self.speak_url, self.voice_tables, self._voice_environment
        )

    @property
    def _voice_environment(self) -> Mapping[str, str]:
        own = {"DEEPGRAM_API_KEY": self.deepgram_key, "OPENAI_API_KEY": self.openai_key}
        return {**self.voice_variables, **own}

    @property
    def embedded_voice(self) -> bool:
        """Whether speech comes from the stand-in on this machine."""
        return self.voice_service.protocol == "embedded"

    @property
    def voice_name(self) -> str:
        """Name of the voice for the status line and the session's row."""
        return self.voice_service.shown_name

    @property
    def voice_speed(self) -> float:
        """The speed that the voice is asked for: that of its own table, unless another is set."""
        return self.speed if self.speed != 1.0 else self.voice_service.speed

    @property
    def speech_rate_hz(self) -> int:
        """Sample rate of a session's sound: that of the service, else the one to ask it for."""
        return self.voice_service.sample_rate_hz or self.sample_rate_hz

    @property
    def model_name(self) -> str:
        """Name of the model for the status line."""
        if self.provider == "local":
            return self.local_model or DEFAULT_MODELS["local"]
        return self.model

    @property
    def speak_endpoint(self) -> str:
        """Address of the speech service, unless the voice is embedded."""
        return self.voice_service.base_url


def load(
    environment: Mapping[str, str] = os.environ, file: Path | None = None, /, **flags: object
) -> Config:
    """Read the settings in force.

    Args:
        environment: variables; those of `ENVIRONMENT` and GRAMOPHONE_HOME count.
        file: read instead of the usual `config.toml`.
        **flags: fields of `Config`; None is not set.

    Raises:
        ConfigError: a value is wrong; one sentence names it and says what is allowed.
    """
    home, usual_file = locate(environment)
    config_file = file or usual_file
    config = Config(home=home, config_file=config_file)
    # Each source is laid over the ones before it, so the last wins.
    variables = {name: environment.get(key, "").strip() for key, name in ENVIRONMENT.items()}
    sources: Sequence[Mapping[str, object]] = (
        read_settings(config_file),
        {name: value for name, value in variables.items() if value},
        {name: value for name, value in flags.items() if value is not None},
    )
    for source in sources:
        config = _replace(config, source)
    if config.speak_url and not any("voice" in source for source in sources):
        config = replace(config, voice=default_voice_at(config.speak_url))
    config = _with_variables(config, environment)
    provider = config.provider or config.usable_providers[0]
    config = replace(config, provider=provider)
    config = _with_url_parameters(config)
    _check(config)
    # Most commands ask no model: one that is missing is refused where it is wanted.
    return replace(config, model=_model(config))


def _with_variables(config: Config, environment: Mapping[str, str]) -> Config:
    """Keep of the environment what endpoints and voices take from it: keys, and headers."""
    names = set(key_variables(config.endpoint_tables).values())
    for table in config.endpoint_tables.values():
        headers = cast("Mapping[str, object]", table.get("headers", {}))
        values = [value for value in headers.values() if isinstance(value, str)]
        names.update(value[1:] for value in values if value.startswith("$"))
    held = {name: environment.get(name, "").strip() for name in sorted(names)}
    of_voices = {
        name: environment.get(name, "").strip()
        for name in voice_key_variables(config.voice_tables).values()
    }
    return replace(
        config,
        endpoint_variables={name: value for name, value in held.items() if value},
        voice_variables={name: value for name, value in of_voices.items() if value},
    )


def _model(config: Config, model: str = "") -> str:
    """The model to ask for; empty where none is named and the endpoint has no usual one."""
    if is_user_model(config.provider):
        return config.default_model  # a configured model belongs to another provider
    return model or config.model or config.default_model


def require_model(config: Config) -> None:
    """Refuse settings that name no model where their endpoint has no usual one.

    Raises:
        ConfigError: they do; the sentence says where to name one.
    """
    if _model(config):
        return
    raise ConfigError(
        f"The endpoint {config.provider} has no usual model; name one with --model, or as "
        f"model = … below [endpoints.{config.provider}] in config.toml."
    )


def choose(
    config: Config,
    *,
    provider: str = "",
    model: str = "",
    voice: str = "",
    system_prompt: str = "",
    speed: float = 0.0,
    lang: str = "",
    settings: ModelSettings | None = None,
) -> Config:
    """Settings of one conversation: those of `config` but for what is not empty (or 0.0) here.

    Raises:
        ConfigError: it cannot be had; one sentence says what is allowed.
    """
    chosen = replace(config, system_prompt=system_prompt or config.system_prompt)
    if settings is not None:
        chosen = replace(chosen, settings=settings.over(config.settings))
    if provider:
        # The configured model belongs to the configured provider.
        own_model = config.model if provider == config.provider else ""
        chosen = replace(chosen, provider=provider, model=own_model)
    chosen = replace(chosen, speed=speed or chosen.speed, lang=lang or chosen.lang)
    _check(chosen)
    if chosen.provider == "local":
        chosen = _with_local_model(chosen, model)
    else:
        chosen = replace(chosen, model=_model(chosen, model))
        require_model(chosen)
    if voice and voice != chosen.voice_name:
        chosen = replace(chosen, voice=voice_of(chosen.voice_service, voice, chosen.voices))
        _check_speech(chosen)
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


def _replace(config: Config, settings: Mapping[str, object]) -> Config:
    setting_names = {field.name for field in fields(Config)} - {"home", "config_file"}
    for name, value in settings.items():
        if name not in setting_names:
            raise ConfigError(f"There is no setting {name!r}.")
        allowed = _TYPES.get(name, (str,))
        # To Python True is a number, to a reader of config.toml it is not.
        if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
            names = " or ".join(kind.__name__ for kind in allowed)
            raise ConfigError(f"{name} is {value!r}; it must be of type {names}.")
    return replace(config, **settings)  # pyright: ignore[reportArgumentType]


def _with_url_parameters(config: Config) -> Config:
    """Apply rate and voice of the speech address to the settings: the speaker and the recording
    have to agree with what the service will send."""
    parameters = address_parameters(config.speak_url)
    rate_hz = int(parameters.get("sample_rate", config.sample_rate_hz))
    voice = parameters.get("model", config.voice)
    return replace(config, sample_rate_hz=rate_hz, voice=voice)


def _check(config: Config) -> None:
    _check_model(config)
    _check_speech(config)
    _check_limits(config)
    _check_patterns(config.redact)
    _check_provider_is_usable(config)


def _check_model(config: Config) -> None:
    if is_user_model(config.provider):
        user_model(config.provider)
    elif config.provider not in config.provider_names:
        raise ConfigError(
            f"The provider is {config.provider!r}; it must be one of "
            f"{', '.join(config.provider_names)}, or a name of your own (docs/config.md)."
        )
    if config.memory and config.memory not in MEMORIES:
        raise ConfigError(
            f"memory is {config.memory!r}; it must be heard (the model remembers an answer up to "
            "where its sound was stopped) or read (all text that came)."
        )
    if config.max_tokens is not None and config.max_tokens < 1:
        raise ConfigError(f"max_tokens is {config.max_tokens}; it must be at least 1.")


def _check_speech(config: Config) -> None:
    check_service(config.voice_service, config.speed, config.sample_rate_hz)
    if not _LANGUAGE.match(config.lang):
        raise ConfigError(
            f"The language of speech is {config.lang!r}; it must be auto, or a code such as de or "
            "pt-BR."
        )


def _check_limits(config: Config) -> None:
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


def _check_patterns(patterns: Sequence[object]) -> None:
    for pattern in patterns:
        if not isinstance(pattern, str):
            raise ConfigError(f"redact holds {pattern!r}; it must be a list of patterns in quotes.")
        if reason := refusal(pattern):
            raise ConfigError(
                f"The pattern {pattern!r} in redact {reason}; correct it or remove it."
            )


def _check_provider_is_usable(config: Config) -> None:
    name = config.provider
    if name == LOCAL or is_user_model(name):
        return
    endpoint = config.endpoints[name]
    if not endpoint.usable:
        service = PROVIDERS.get(name)
        address = f", or {service.base_url_variable} of a local server" if service else ""
        raise ConfigError(f"The provider {name} needs {endpoint.key_variable}{address}.")
    if endpoint.base_url and name not in config.endpoint_tables:
        # Others may read a variable of this name, too: it counts only when it is used.
        check_base_url(_base_url_source(name), endpoint.base_url, endpoint.protocol)


def _base_url_source(name: str) -> str:
    service = PROVIDERS.get(name)
    return service.base_url_variable if service else "The base URL"

"""Settings in force, as one frozen value; `loading` reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path

from gramophone.config.endpoints import (
    LOCAL,
    Endpoint,
    built_in,
    fallback_of,
    read_endpoints,
    settings_of,
)
from gramophone.config.personas import Persona, read_personas
from gramophone.config.services import DEFAULT_MODELS, KEYED_SERVICES, PROVIDERS
from gramophone.config.user_models import is_user_model, user_model
from gramophone.config.voice_choice import chosen_service
from gramophone.config.voices import DEFAULT_VOICE, VoiceService, read_voices
from gramophone.core.frozen import frozen
from gramophone.core.model_settings import ModelSettings

DEFAULT_SYSTEM_PROMPT = (
    "You are a friendly voice assistant. Your answer is read aloud: keep it short and plain."
)


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
    persona: str = ""
    persona_tables: Mapping[str, Mapping[str, object]] = field(
        default_factory=dict[str, Mapping[str, object]]
    )
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
    accessible: bool = False
    notify: str = "bell"
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
    def personas(self) -> Mapping[str, Persona]:
        """Every persona by name."""
        return read_personas(self.persona_tables)

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

"""Settings: flags over environment over `config.toml` over defaults.

Services' keys come from the environment alone. Keys of a keyring are put into the environment by
`gramophone.app.keyring` before it is read here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import cast

from gramophone.config.checks import check, check_speech
from gramophone.config.config import Config
from gramophone.config.endpoints import key_variables
from gramophone.config.file_reader import read_settings
from gramophone.config.locations import locate
from gramophone.config.personas import find_persona
from gramophone.config.services import ADDRESSED_SERVICES, DEFAULT_MODELS, KEYED_SERVICES
from gramophone.config.user_models import is_user_model
from gramophone.config.voice_choice import address_parameters, default_voice_at, voice_of
from gramophone.config.voices import key_variables as voice_key_variables
from gramophone.core.errors import ConfigError
from gramophone.core.model_settings import ModelSettings

ENVIRONMENT = {
    "GRAMOPHONE_SPEAK_URL": "speak_url",
    "GRAMOPHONE_LOCAL_MODEL": "local_model",
    "GRAMOPHONE_ACCESSIBLE": "accessible",
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
    "accessible": (bool,),
    "meter_frames_hz": (int,),
    "keep_days": (int,),
    "keep_gb": (int, float),
    "keys": (dict,),
    "redact": (list,),
    "endpoint_tables": (dict,),
    "voice_tables": (dict,),
    "persona_tables": (dict,),
    "settings": (ModelSettings,),
}
"""Types of the settings that are not strings, as `config.toml` has them."""


_SWITCHES = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}

_TABLES = ("endpoint_tables", "voice_tables", "persona_tables")
"""Settings that a project's file adds to, where others take the place of the user's."""


def load(
    environment: Mapping[str, str] = os.environ,
    file: Path | None = None,
    project: Mapping[str, object] = MappingProxyType({}),
    /,
    **flags: object,
) -> Config:
    """Read the settings in force.

    Args:
        environment: variables; those of `ENVIRONMENT` and GRAMOPHONE_HOME count.
        file: read instead of the usual `config.toml`.
        project: settings of a project's own file, which win over `config.toml`.
        **flags: fields of `Config`; None is not set.

    Raises:
        ConfigError: a value is wrong; one sentence names it and says what is allowed.
    """
    home, usual_file = locate(environment)
    config_file = file or usual_file
    settings = read_settings(config_file)
    variables = {name: environment.get(key, "").strip() for key, name in ENVIRONMENT.items()}
    config = _laid_over(
        Config(home=home, config_file=config_file),
        settings,
        _with_tables(project, settings),
        {name: _of_variable(name, value) for name, value in variables.items() if value},
        {name: value for name, value in flags.items() if value is not None},
    )
    config = _with_variables(config, environment)
    provider = config.provider or config.usable_providers[0]
    config = replace(config, provider=provider)
    config = _with_url_parameters(config)
    check(config)
    # Most commands ask no model: one that is missing is refused where it is wanted.
    return replace(config, model=_model(config))


def _of_variable(name: str, text: str) -> object:
    """Value of an environment variable, which is a text."""
    if bool not in _TYPES.get(name, ()):
        return text
    if text.lower() not in _SWITCHES:
        raise ConfigError(f"{name} is {text[:40]!r} in the environment; it must be 1 or 0.")
    return _SWITCHES[text.lower()]


def _laid_over(config: Config, *sources: Mapping[str, object]) -> Config:
    """The settings of all sources: the last one wins, and a persona stands just below it."""
    *lower, flags = sources
    for source in lower:
        config = _replace(config, source)
    persona = _of_persona(_replace(config, flags), flags)
    config = _replace(_replace(config, persona), flags)
    if config.speak_url and not any("voice" in source for source in (*sources, persona)):
        config = replace(config, voice=default_voice_at(config.speak_url))
    return config


def _with_tables(
    project: Mapping[str, object], settings: Mapping[str, object]
) -> Mapping[str, object]:
    """Settings of a project, with the user's own tables besides those that it adds."""
    tables = {
        name: {**cast("Mapping[str, object]", settings.get(name, {})), **table}
        for name in _TABLES
        if (table := cast("Mapping[str, object]", project.get(name, {})))
    }
    return {**project, **tables}


def _of_persona(config: Config, flags: Mapping[str, object]) -> Mapping[str, object]:
    """Settings of the persona, if `config` names one.

    Its model belongs to its provider: where the flags name another provider, it is left out.

    Raises:
        ConfigError: there is no such persona.
    """
    if not config.persona:
        return {}
    persona = find_persona(config.personas, config.persona)
    settings: dict[str, object] = {
        name: value
        for name in ("provider", "model", "voice", "system_prompt", "speed", "lang")
        if (value := getattr(persona, name))
    }
    if persona.provider:
        settings.setdefault("model", "")
    if "provider" in flags and flags["provider"] != persona.provider:
        settings.pop("model", None)
    settings["settings"] = persona.settings
    return settings


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
    check(chosen)
    if chosen.provider == "local":
        chosen = _with_local_model(chosen, model)
    else:
        chosen = replace(chosen, model=_model(chosen, model))
        require_model(chosen)
    if voice and voice != chosen.voice_name:
        chosen = replace(chosen, voice=voice_of(chosen.voice_service, voice, chosen.voices))
        check_speech(chosen)
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
    if isinstance(own := settings.get("settings"), ModelSettings):
        settings = {**settings, "settings": own.over(config.settings)}
    return replace(config, **settings)  # pyright: ignore[reportArgumentType]


def _with_url_parameters(config: Config) -> Config:
    """Apply rate and voice of the speech address to the settings: the speaker and the recording
    have to agree with what the service will send."""
    parameters = address_parameters(config.speak_url)
    rate_hz = int(parameters.get("sample_rate", config.sample_rate_hz))
    voice = parameters.get("model", config.voice)
    return replace(config, sample_rate_hz=rate_hz, voice=voice)

"""Checks of settings, each with one sentence that says what is allowed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gramophone.config.config import Config
from gramophone.config.endpoint_addresses import check_base_url
from gramophone.config.endpoints import LOCAL
from gramophone.config.services import PROVIDERS
from gramophone.config.user_models import is_user_model, user_model
from gramophone.config.voice_choice import check_service
from gramophone.core.errors import ConfigError
from gramophone.text.redaction import refusal

MEMORIES = ("heard", "read")
NOTICES = ("off", "bell", "desktop")
MOST_METER_FRAMES_HZ = 15
MOST_KEEP_DAYS = 100_000

_LANGUAGE = re.compile(r"(?:auto|[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*)\Z")


def check(config: Config) -> None:
    """Check all settings.

    Raises:
        ConfigError: a value is wrong, or the provider cannot be used.
    """
    _check_model(config)
    check_speech(config)
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


def check_speech(config: Config) -> None:
    """Check what is spoken, and by which service.

    Raises:
        ConfigError: a value is wrong, or the service does not take it.
    """
    check_service(config.voice_service, config.speed, config.sample_rate_hz)
    if not _LANGUAGE.match(config.lang):
        raise ConfigError(
            f"The language of speech is {config.lang!r}; it must be auto, or a code such as de or "
            "pt-BR."
        )


def _check_limits(config: Config) -> None:
    if config.notify not in NOTICES:
        raise ConfigError(f"notify is {config.notify!r}; it must be off, bell or desktop.")
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

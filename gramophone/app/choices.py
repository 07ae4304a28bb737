"""Providers, models and voices for a conversation, as far as known without asking a service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from gramophone.config.config import Config
from gramophone.config.endpoints import LOCAL
from gramophone.config.services import PROVIDERS
from gramophone.core.errors import ConfigError
from gramophone.ports.backend import AvailableOptions

if TYPE_CHECKING:
    from gramophone.wire.deepgram.speak_v1.messages import SpeakParameters

ENGLISH_VOICES = tuple(
    f"aura-2-{name}-en"
    for name in (
        "amalthea andromeda apollo arcas aries asteria athena atlas aurora callista cora "
        "cordelia delia draco electra harmonia helena hera hermes hyperion iris janus juno "
        "jupiter luna mars minerva neptune odysseus ophelia orion orpheus pandora phoebe pluto "
        "saturn selene thalia theia vesta zeus"
    ).split()
)


def available_options(
    config: Config,
    listed: Mapping[str, Sequence[str]] = MappingProxyType({}),
    used: Sequence[tuple[str, str]] = (),
) -> AvailableOptions:
    """Providers that can be used with these settings, known models, and voices.

    `listed` are models that endpoints serve, by name; of those without a list the usual ones are
    known. `used` are provider and model of earlier sessions, the latest first: these stand first.
    """
    usable = config.usable_providers
    known: dict[str, Sequence[str]] = {
        name: listed.get(name) or config.endpoints[name].models for name in usable if name != LOCAL
    }
    known[LOCAL] = PROVIDERS[LOCAL].models
    models = {name: _used_first(name, names, used) for name, names in known.items()}
    # A configured model that is not in the list was chosen by the user, and stands first.
    configured = config.model_name
    if configured and configured not in models.get(config.provider, ()):
        models[config.provider] = (configured, *models.get(config.provider, ()))
    voices = (config.voice_name,) if config.embedded_voice else ENGLISH_VOICES
    if config.voice_name not in voices:
        voices = (config.voice_name, *voices)
    return AvailableOptions(usable, models, voices)


def _used_first(
    provider: str, names: Sequence[str], used: Sequence[tuple[str, str]]
) -> tuple[str, ...]:
    of_provider = [model for name, model in used if name == provider and model]
    return tuple(dict.fromkeys([*of_provider, *names]))


def speech_parameters(config: Config) -> SpeakParameters:
    """Parameters of a speech connection."""
    # Imported here, because the first frame is drawn without it.
    from gramophone.wire.deepgram.speak_v1.messages import SpeakParameters

    return SpeakParameters(
        model=config.voice, sample_rate_hz=config.sample_rate_hz, speed=config.speed
    )


def check_voice(config: Config) -> SpeakParameters:
    """Parameters of a speech connection, checked as Deepgram would check them.

    Raises:
        ConfigError: the service would refuse them.
    """
    from gramophone.wire.deepgram.speak_v1.messages import ParameterRefused, SpeakParameters

    parameters = speech_parameters(config)
    try:
        SpeakParameters.from_query(parameters.to_query())
    except ParameterRefused as error:
        raise ConfigError(f"The voice settings are wrong: {error}") from error
    return parameters

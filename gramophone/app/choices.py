"""What can be chosen for a conversation, and what cannot, as far as no service is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gramophone.config.config import DEFAULT_MODELS, PROVIDERS, Config
from gramophone.core.errors import ConfigError
from gramophone.ports.backend import AvailableOptions

if TYPE_CHECKING:
    from gramophone.wire.deepgram.speak_v1.messages import SpeakParameters

KNOWN_MODELS: dict[str, tuple[str, ...]] = {
    "openai": ("gpt-5-mini", "gpt-5-nano", "gpt-5"),
    "anthropic": ("claude-haiku-4-5", "claude-sonnet-4-5", "claude-opus-4-5"),
    "local": (DEFAULT_MODELS["local"],),
}
AURA_2_ENGLISH = tuple(
    f"aura-2-{name}-en"
    for name in (
        "amalthea andromeda apollo arcas aries asteria athena atlas aurora callista cora "
        "cordelia delia draco electra harmonia helena hera hermes hyperion iris janus juno "
        "jupiter luna mars minerva neptune odysseus ophelia orion orpheus pandora phoebe pluto "
        "saturn selene thalia theia vesta zeus"
    ).split()
)


def choices_of(config: Config) -> AvailableOptions:
    """Providers that can be used with these settings, known models, and voices."""
    usable = {
        "openai": bool(config.openai_key or config.openai_base_url),
        "anthropic": bool(config.anthropic_key or config.anthropic_base_url),
        "local": True,
    }
    models = dict(KNOWN_MODELS)
    configured = config.model_name
    if configured and configured not in models.get(config.provider, ()):
        models[config.provider] = (configured, *models.get(config.provider, ()))
    voices = (config.voice_name,) if config.embedded_voice else AURA_2_ENGLISH
    if config.voice_name not in voices:
        voices = (config.voice_name, *voices)
    return AvailableOptions(tuple(name for name in PROVIDERS if usable[name]), models, voices)


def speech_parameters(config: Config) -> SpeakParameters:
    """What a speech connection asks for."""
    # The first frame is drawn without it.
    from gramophone.wire.deepgram.speak_v1.messages import SpeakParameters

    return SpeakParameters(
        model=config.voice, sample_rate_hz=config.sample_rate_hz, speed=config.speed
    )


def check_voice(config: Config) -> SpeakParameters:
    """The same, once it is known that the service would not refuse it.

    Raises:
        ConfigError: it would.
    """
    from gramophone.wire.deepgram.speak_v1.messages import ParameterRefused, SpeakParameters

    asked = speech_parameters(config)
    try:
        SpeakParameters.from_query(asked.to_query())
    except ParameterRefused as error:
        raise ConfigError(f"The voice settings are wrong: {error}") from error
    return asked

"""Providers, models and voices for a conversation, as far as known without asking a service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from gramophone.config.config import Config
from gramophone.config.endpoints import LOCAL
from gramophone.config.services import PROVIDERS
from gramophone.config.voices import DEFAULT_VOICE, PRESETS, VoiceService
from gramophone.core.errors import ConfigError
from gramophone.ports.backend import AvailableOptions, ConversationOptions

if TYPE_CHECKING:
    from gramophone.wire.deepgram.speak_v1.parameters import SpeakParameters
    from gramophone.wire.deepgram.speak_v2.parameters import FluxParameters

Parameters = TypeVar("Parameters", "SpeakParameters", "FluxParameters")

OPENAI_VOICES = (
    "alloy ash ballad cedar coral echo fable marin nova onyx sage shimmer verse"
).split()

ENGLISH_VOICES = tuple(
    f"aura-2-{name}-en"
    for name in (
        "amalthea andromeda apollo arcas aries asteria athena atlas aurora callista cora "
        "cordelia delia draco electra harmonia helena hera hermes hyperion iris janus juno "
        "jupiter luna mars minerva neptune odysseus ophelia orion orpheus pandora phoebe pluto "
        "saturn selene thalia theia vesta zeus"
    ).split()
)

FLUX_VOICES = tuple(
    f"flux-{name}-en"
    for name in (
        "alexis bruce cole drew haley heather jack kara kit marcus priya renee rufus sharon"
    ).split()
)


def available_options(
    config: Config,
    listed: Mapping[str, Sequence[str]] = MappingProxyType({}),
    used: Sequence[tuple[str, str]] = (),
    listed_voices: Sequence[str] = (),
) -> AvailableOptions:
    """Providers that can be used with these settings, known models, and voices.

    `listed` are models that endpoints serve, by name; of those without a list the usual ones are
    known. `used` are provider and model of earlier sessions, the latest first: these stand first.
    `listed_voices` are those that the speech service lists.
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
    voices = available_voices(config, listed_voices)
    return AvailableOptions(usable, models, voices, available_personas(config))


def available_personas(config: Config) -> Mapping[str, ConversationOptions]:
    """Personas of the settings, each as the options of a conversation."""
    return {
        name: ConversationOptions(
            provider=persona.provider,
            model=persona.model,
            voice=persona.voice,
            system_prompt=persona.system_prompt,
            speed=persona.speed,
            lang=persona.lang,
            settings=persona.settings,
        )
        for name, persona in config.personas.items()
    }


def _used_first(
    provider: str, names: Sequence[str], used: Sequence[tuple[str, str]]
) -> tuple[str, ...]:
    of_provider = [model for name, model in used if name == provider and model]
    return tuple(dict.fromkeys([*of_provider, *names]))


def available_voices(config: Config, listed: Sequence[str] = ()) -> tuple[str, ...]:
    """Voices that can be chosen: the one that speaks, others of its service, then of others.

    `listed` are those that the service lists; without a list the usual ones are known.
    """
    service = config.voice_service
    voices: list[str] = []
    match service.protocol:
        case _ if listed:
            voices += [_named(service, voice) for voice in listed]
        case "speak-v1" | "speak-v2":
            aura_first = service.protocol == "speak-v1"
            families = (
                (ENGLISH_VOICES, FLUX_VOICES) if aura_first else (FLUX_VOICES, ENGLISH_VOICES)
            )
            # At an address of its own a name has one protocol.
            families = families[:1] if service.name else families
            voices += [_named(service, voice) for family in families for voice in family]
        case "speak-rest":
            voices += [_named(service, voice) for voice in ENGLISH_VOICES]
        case "openai-speech" if service.base_url == PRESETS["openai"].base_url:
            voices += [_named(service, voice) for voice in OPENAI_VOICES]
        case _:
            pass
    # Another service is offered where it is set up, and by its usual voice alone.
    for name, other in config.voices.items():
        if name in config.voice_tables or (other.needs_key and other.key):
            voices.append(other.shown_name)
    return tuple(dict.fromkeys((config.voice_name, *voices)))


def _named(service: VoiceService, voice: str) -> str:
    return f"{service.name}/{voice}" if service.name else voice


def speech_parameters(config: Config, sample_rate_hz: int = 0) -> SpeakParameters:
    """Parameters of a speech connection, at the session's rate if it is given."""
    # Imported here, because the first frame is drawn without it.
    from gramophone.wire.deepgram.speak_v1.parameters import SpeakParameters

    voice = DEFAULT_VOICE if config.embedded_voice else config.voice_service.voice
    return SpeakParameters(
        model=voice,
        sample_rate_hz=sample_rate_hz or config.sample_rate_hz,
        speed=config.voice_speed,
    )


def flux_parameters(config: Config, sample_rate_hz: int = 0) -> FluxParameters:
    """Parameters of a connection to Speak v2, at the session's rate if it is given."""
    from gramophone.wire.deepgram.speak_v2.parameters import FluxParameters

    speed = config.voice_speed
    return FluxParameters(
        model=config.voice_service.voice,
        sample_rate_hz=sample_rate_hz or config.sample_rate_hz,
        speed=None if speed == 1.0 else speed,
    )


def check_voice(config: Config) -> None:
    """Check the parameters of a speech connection as Deepgram would check them.

    Raises:
        ConfigError: the service would refuse them.
    """
    match config.voice_service.protocol:
        case "speak-v2":
            checked(flux_parameters(config))
        case "openai-speech":
            # It has names and rates of its own, and refuses them itself.
            pass
        case _:
            checked(speech_parameters(config))


def checked(parameters: Parameters) -> Parameters:
    """Give the parameters back, if Deepgram would accept them.

    Raises:
        ConfigError: the service would refuse them.
    """
    from gramophone.wire.deepgram.speak_v1.parameters import ParameterRefused

    try:
        parameters.check()
    except ParameterRefused as error:
        raise ConfigError(f"The voice settings are wrong: {error}") from error
    return parameters

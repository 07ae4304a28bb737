"""Clients of speech services, by their protocols."""

from __future__ import annotations

from gramophone.app.choices import checked, flux_parameters, speech_parameters
from gramophone.config.config import Config
from gramophone.config.voices import VoiceService
from gramophone.core.errors import ConfigError
from gramophone.ports.speech import SpeechService
from gramophone.providers.tts.deepgram import DeepgramSpeech
from gramophone.providers.tts.deepgram_rest import DeepgramRest
from gramophone.providers.tts.openai_speech import OpenAISpeech
from gramophone.wire.openai_audio.speech_form import SpeechForm


def speech_client(config: Config, sample_rate_hz: int) -> SpeechService:
    """Make a client of the service that speaks with these settings; not of the embedded voice.

    Raises:
        ConfigError: the service would refuse the settings.
    """
    service = config.voice_service
    match service.protocol:
        case "openai-speech":
            return _openai(service, config.voice_speed, sample_rate_hz)
        case "speak-rest":
            return DeepgramRest(
                service.base_url,
                checked(speech_parameters(config, sample_rate_hz)),
                api_key=service.key,
                key_name=service.key_variable,
                title=service.title,
                timeout_s=service.timeout_s,
            )
        case "speak-v1":
            parameters = checked(speech_parameters(config, sample_rate_hz))
            return DeepgramSpeech(
                service.base_url, parameters, api_key=service.key, timeout_s=service.timeout_s
            )
        case "speak-v2":
            flux = checked(flux_parameters(config, sample_rate_hz))
            return DeepgramSpeech(
                service.base_url, flux, api_key=service.key, timeout_s=service.timeout_s
            )
        case "embedded":
            raise ConfigError("The embedded voice has no address.")


def _openai(service: VoiceService, speed: float, sample_rate_hz: int) -> SpeechService:
    form = SpeechForm(
        model=service.model,
        voice=service.voice,
        response_format=service.response_format,
        instructions=service.instructions,
        speed=speed,
        stream_format=service.stream_format,
    )
    return OpenAISpeech(
        form,
        base_url=service.base_url,
        api_key=service.key,
        key_name=service.key_variable,
        title=service.title,
        sent_hz=service.sample_rate_hz,
        session_hz=sample_rate_hz,
        timeout_s=service.timeout_s,
    )

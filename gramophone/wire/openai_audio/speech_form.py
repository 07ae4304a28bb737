"""Requests of a client of OpenAI's `POST /v1/audio/speech`, and of servers that speak it."""

from __future__ import annotations

from typing import Any, Final

from gramophone.core.frozen import frozen
from gramophone.wire.lenient_json import compact
from gramophone.wire.openai_audio.speech import LONGEST_INPUT, SPEEDS
from gramophone.wire.speech_client import SpeechCapabilities

DEFAULT_MODEL: Final = "gpt-4o-mini-tts"
DEFAULT_VOICE: Final = "alloy"
RESPONSE_FORMATS: Final = ("pcm", "wav", "mp3", "opus", "flac")
"""Formats that can be read as they come, the best first."""

CAPABILITIES: Final = SpeechCapabilities(speeds=SPEEDS, longest_request_chars=LONGEST_INPUT)


@frozen(kw_only=True)
class SpeechForm:
    """Everything of a request but its text; what is empty, and a speed of 1, is not sent.

    Attributes:
        stream_format: `sse` for events, else the sound itself.
    """

    model: str = DEFAULT_MODEL
    voice: str = DEFAULT_VOICE
    response_format: str = RESPONSE_FORMATS[0]
    instructions: str = ""
    speed: float = 1.0
    stream_format: str = ""

    def fields(self, text: str) -> dict[str, Any]:
        """The request for a text, in the order in which the official SDK writes it."""
        fields: dict[str, Any] = {
            "model": self.model,
            "input": text,
            "voice": self.voice,
            "instructions": self.instructions,
            "response_format": self.response_format,
            "speed": self.speed if self.speed != 1.0 else "",
            "stream_format": self.stream_format,
        }
        return {name: value for name, value in fields.items() if value != ""}

    def body(self, text: str) -> str:
        """The request for a text as JSON."""
        return compact(self.fields(text))

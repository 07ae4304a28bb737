"""Options of the stand-in of a speech service, as plain values."""

from __future__ import annotations

from dataclasses import field
from typing import Literal, TypeAlias

from gramophone.core.frozen import frozen
from gramophone.standin.faults import Fault
from gramophone.standin.server.granted_tokens import GrantedTokens
from gramophone.wire.deepgram.speak_v1.messages import Dialect
from gramophone.wire.deepgram.speak_v1.server import SpeakLimits
from gramophone.wire.deepgram.speak_v2.rules import FluxLimits

SpeakOn: TypeAlias = Literal["flush", "sentence"]


@frozen(kw_only=True)
class StandinOptions:
    """Options of the stand-in of a speech service.

    Attributes:
        limits: of Speak v1.
        flux_limits: of Speak v2.
        speak_on: where sound begins: at a Flush, or at the end of a sentence before one. None
            is the habit of the service: v1 waits for the Flush, v2 does not.
        dialect: field names of warnings.
        faults: injected on purpose.
        first_byte_ms: the least time from a Flush to its first sound.
        frame_ms: sound in one binary frame, where the voice has no frames of its own.
        pace: 0 sends as fast as the client takes it, N at N times the speed of the sound.
        api_key: the one key that is accepted; None accepts any, and none.
        tokens: that this stand-in grants in the place of the key; None for no end of any.
        tolerant: answer also what OpenAI refuses, as far as it can be read.
    """

    limits: SpeakLimits = field(default_factory=SpeakLimits)
    flux_limits: FluxLimits = field(default_factory=FluxLimits)
    speak_on: SpeakOn | None = None
    dialect: Dialect = "observed"
    faults: tuple[Fault, ...] = ()
    first_byte_ms: int = 0
    frame_ms: int = 20
    pace: float = 0.0
    api_key: str | None = None
    tolerant: bool = False
    tokens: GrantedTokens | None = None

"""How a stand-in is to behave; plain values."""

from __future__ import annotations

from dataclasses import dataclass, field

from gramophone.standin.faults import Fault
from gramophone.wire.speak_messages import Dialect
from gramophone.wire.speak_server import SpeakLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class StandinOptions:
    """How a stand-in is to behave.

    Attributes:
        limits: what the service allows.
        dialect: how warnings are written.
        faults: what goes wrong on purpose.
        first_byte_ms: from a Flush to its first sound, at the least.
        frame_ms: sound in one binary frame, where the voice has no frames of its own.
        pace: 0 sends as fast as the client takes it, N at N times the speed of the sound.
        api_key: the one key that is let in; None lets everybody in, with a key or without.
    """

    limits: SpeakLimits = field(default_factory=SpeakLimits)
    dialect: Dialect = "observed"
    faults: tuple[Fault, ...] = ()
    first_byte_ms: int = 0
    frame_ms: int = 20
    pace: float = 0.0
    api_key: str | None = None

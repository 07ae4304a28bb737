"""Warnings and errors of Speak v2 with their texts, and the close code of each error.

Codes are Deepgram's (flux-tts/server-messages); the descriptions are ours where none is published.
Close codes are not documented for v2 and taken from v1.
"""

from __future__ import annotations

from gramophone.wire.deepgram.server_actions import (
    NOT_IN_SOURCE,
    NOT_IN_SOURCE_SAID,
    CloseConnection,
)
from gramophone.wire.deepgram.speak_v1.messages import Warned
from gramophone.wire.deepgram.speak_v2.messages import Errored

NO_ACTIVE_SPEECH = Warned(
    "NO_ACTIVE_SPEECH", "There is no active turn. The request will be ignored."
)
NO_SYNTHESIZABLE_TEXT = Warned("NO_SYNTHESIZABLE_TEXT", "The turn has no text that can be spoken.")
SYNTHESIS_RETRYING = Warned("SYNTHESIS_RETRYING", "The synthesis failed and is being retried.")
NO_AUDIO_GENERATED = Warned(
    "NO_AUDIO_GENERATED", "No audio has been generated yet. The request will be ignored."
)
INTERRUPT_IN_PROGRESS = Warned(
    "INTERRUPT_IN_PROGRESS", "An earlier interrupt is being processed. This one is ignored."
)
INVALID_INTERRUPT_OFFSET = Warned(
    "INVALID_INTERRUPT_OFFSET",
    "The playback_offset does not advance past the last interrupt. The request will be ignored.",
)

_DESCRIPTIONS = {
    "NET-0000": "Internal server error.",
    "NET-0003": "The time limit of the session was exceeded.",
    "NET-0004": "No message was received from the client in time.",
    "BIG-0000": "The message is too large.",
    NOT_IN_SOURCE: NOT_IN_SOURCE_SAID,
}
_CLOSE_CODES = {"MESSAGE": 1003, "DATA": 1008, "BIG": 1009, "NET": 1011, "NOT": 1008}


def error(code: str, description: str = "") -> Errored:
    """The Error of this code; without a description it gets the usual one."""
    return Errored(code, description or _DESCRIPTIONS.get(code, "The request failed."))


def close_after(code: str) -> CloseConnection:
    """The close that follows an Error of this code."""
    return CloseConnection(_CLOSE_CODES[code.partition("-")[0]], code)

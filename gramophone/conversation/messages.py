"""Inputs of a conversation (reports of its edges, and intents) and its commands to the edges.

Plain values, which cross between the state machine and the engine that drives it. A number says
what a report is about (`connection` of the speech service, `turn`), because edges work on their
own: what they report may be of a connection or a turn that is over.
"""

from __future__ import annotations

from dataclasses import field
from typing import TypeAlias

from gramophone.core.frozen import frozen
from gramophone.core.intents import Intent
from gramophone.core.model_settings import ModelSettings
from gramophone.ports.language_model import Message, ModelChunk
from gramophone.ports.speech import SpeechProtocol

# --- inputs -----------------------------------------------------------------------------------


@frozen
class TtsConnected:
    """The connection is open; `request_id` is the service's name for it."""

    connection: int
    url: str
    request_id: str


@frozen
class TtsRefused:
    """The connection could not be opened; `detail` is a sentence for the user."""

    connection: int
    detail: str


@frozen
class TtsText:
    """A text frame came."""

    connection: int
    text: str


@frozen
class TtsAudio:
    """A binary frame came; `sample_rate_hz` is that of its sound, 0 for the session's."""

    connection: int
    pcm: bytes
    sample_rate_hz: int = 0


@frozen
class TtsClosed:
    """The connection ended."""

    connection: int
    code: int
    reason: str


@frozen
class LlmChunk:
    """The model stream gave a chunk."""

    turn: int
    chunk: ModelChunk


@frozen
class LlmEnded:
    """The model stream is over; `failure` is a sentence when it failed. `pictures_refused` where it
    failed because the model does not take the question's pictures."""

    turn: int
    failure: str = ""
    pictures_refused: bool = False


@frozen
class PlaybackBegan:
    """The turn's first sample was handed to the device, at `at_us`."""

    turn: int
    at_us: int


@frozen
class PlaybackUnderran:
    """A gap of silence was played inside the turn."""

    turn: int
    at_us: int
    position_samples: int
    missing_samples: int


@frozen
class PlaybackDrained:
    """The turn's last sample was played."""

    turn: int
    played_samples: int


@frozen
class PlaybackStopReported:
    """Sound was stopped by StopAudio; `heard_samples` of the turn had been handed over."""

    turn: int
    heard_samples: int


@frozen
class PlayoutPolled:
    """The speaker was polled; done fifty times a second while a turn is under way."""

    turn: int
    queued_samples: int


@frozen
class SpeakerChanged:
    """Sound goes elsewhere from now on."""

    device: str
    silent: bool
    detail: str


@frozen
class SettingsWanted:
    """Another model or voice is ready under this number, to be used from the next turn on.

    `speech` is the protocol of the voice; None where it stays.
    """

    ticket: int
    provider: str
    model: str
    voice: str
    system_prompt: str
    speed: float
    lang: str = "auto"
    speech: SpeechProtocol | None = None
    model_settings: ModelSettings = field(default_factory=ModelSettings)
    reopen: bool = False


@frozen
class Tick:
    """Time has passed."""


@frozen
class End:
    """The session is to end."""


Input: TypeAlias = (
    Intent
    | TtsConnected
    | TtsRefused
    | TtsText
    | TtsAudio
    | TtsClosed
    | LlmChunk
    | LlmEnded
    | PlaybackBegan
    | PlaybackUnderran
    | PlaybackDrained
    | PlaybackStopReported
    | PlayoutPolled
    | SpeakerChanged
    | SettingsWanted
    | Tick
    | End
)

# --- commands ---------------------------------------------------------------------------------


@frozen
class ConnectTts:
    """Connect to the speech service; answered by TtsConnected or TtsRefused."""

    connection: int


@frozen
class SendTts:
    """Send a text frame."""

    connection: int
    text: str


@frozen
class CloseTts:
    """Close the connection, in the background."""

    connection: int


@frozen
class StartModel:
    """Ask the model; its chunks carry this turn. `text` is the number of a text that is streamed in
    place of the model's answer, 0 for none."""

    turn: int
    messages: tuple[Message, ...]
    text: int = 0


@frozen
class StopModel:
    """Close the model stream."""

    turn: int


@frozen
class PlayAudio:
    """Hand a frame to the speaker. `realign` says that it begins a new stream of bytes;
    `sample_rate_hz` is that of its turn's sound, 0 for the session's."""

    turn: int
    pcm: bytes
    realign: bool = False
    sample_rate_hz: int = 0


@frozen
class FinishAudio:
    """No more sound for this turn; answered by PlaybackDrained."""

    turn: int


@frozen
class StopAudio:
    """Fall silent now; answered by PlaybackStopReported."""

    turn: int


@frozen
class SetAudible:
    """Let the speaker be heard from now on, or only keep its pace."""

    audible: bool


@frozen
class SwitchProviders:
    """Use the providers of this number, and close the ones before."""

    ticket: int


Command: TypeAlias = (
    ConnectTts
    | SendTts
    | CloseTts
    | StartModel
    | StopModel
    | PlayAudio
    | FinishAudio
    | StopAudio
    | SetAudible
    | SwitchProviders
)

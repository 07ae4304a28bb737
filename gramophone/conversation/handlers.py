"""What the model, the speech service and the speaker report, as events of the turn under way; pure.

A report says what happened. What follows from it for the talk, the conversation decides.
"""

from __future__ import annotations

from gramophone.conversation.messages import (
    LlmChunk,
    LlmEnded,
    PlaybackBegan,
    PlaybackDrained,
    PlaybackStopReported,
    PlaybackUnderran,
    PlayoutPolled,
    TtsAudio,
    TtsClosed,
    TtsConnected,
    TtsRefused,
    TtsText,
)
from gramophone.conversation.tts_session import ConnectionState, Output, TtsSession
from gramophone.conversation.turn import AssistantTurn
from gramophone.core.timeline import (
    Event,
    Failed,
    ModelFinished,
    PlaybackFinished,
    PlaybackStarted,
    PlaybackStopped,
    Stage,
    Underran,
)

MODEL_CUT_OFF = (
    "The answer broke off before the model had finished; what arrived is kept. Ask again."
)
_TOO_MUCH = 1009
"""The code of a close because of a message that is too large (RFC 6455, 7.4.1)."""
SPEECH_SILENT = (
    "The speech service took the text but sends no sound; the answer goes on as text. "
    "Check the service with 'gramophone doctor'."
)

SPEECH_ENDLESS = (
    "The speech service sends more sound than the text can have; the connection was closed, and "
    "the answer goes on as text. Check the service with 'gramophone doctor'."
)


# --- the model --------------------------------------------------------------------------------


def model(
    happening: LlmChunk | LlmEnded, active: AssistantTurn | None, now_us: int
) -> list[Output]:
    """A piece of the answer, or its end."""
    if active is None or happening.turn != active.turn or active.stopping:
        return []
    if isinstance(happening, LlmEnded):
        return _model_ended(active, happening, now_us)
    return list(active.read(happening.chunk, now_us))


def _model_ended(active: AssistantTurn, ended: LlmEnded, now_us: int) -> list[Output]:
    active.asking = False
    rest: list[Output] = [*active.end_reading(now_us)]
    active.end_text()
    failure = ended.failure or ("" if active.finish_reason else MODEL_CUT_OFF)
    if not failure:
        finished = ModelFinished(at_us=now_us, turn=active.turn, reason=active.finish_reason)
        return [*rest, finished]
    active.finish_reason = ""
    return [*rest, _failed("model", failure, active, now_us)]


# --- the speech service -----------------------------------------------------------------------


def connection(
    happening: TtsConnected | TtsRefused | TtsClosed,
    line: TtsSession,
    active: AssistantTurn | None,
    now_us: int,
) -> list[Output]:
    """The line was opened, refused or lost; one that is lost is mended once."""
    if happening.connection != line.connection or line.state is ConnectionState.CLOSED:
        return []
    if isinstance(happening, TtsConnected):
        return line.opened(happening.url, happening.request_id, now_us)
    if isinstance(happening, TtsRefused):
        line.refused()
        return _no_speech(happening.detail, active, now_us)
    lost = line.lost(happening.code, happening.reason, now_us)
    if active is None or active.stopping or not active.owed_speech:
        return lost
    if not line.mended:
        line.mended = True
        return lost + line.open()
    said = f"{happening.code} {happening.reason}".strip()
    what = "sent too much" if happening.code == _TOO_MUCH else "hung up"
    detail = f"The speech service {what} ({said}); the answer goes on as text. Ask again."
    return lost + _no_speech(detail, active, now_us)


def speech(
    happening: TtsText | TtsAudio,
    line: TtsSession,
    active: AssistantTurn | None,
    now_us: int,
) -> list[Output]:
    """What came over the line. One that sends sound without end is given up."""
    if happening.connection != line.connection:
        return []
    if isinstance(happening, TtsText):
        return line.receive_text(happening.text, now_us)
    outputs = line.receive_audio(happening.pcm, now_us)
    if (endless := line.endless()) is None or line.client is None:
        return outputs
    outputs += line.drop(now_us, "more sound than the text can have", code=1009)
    if active is endless or active is None or active.stopping:
        return outputs + _no_speech(SPEECH_ENDLESS, active, now_us)
    # It was the sound of an answer before this one, which is spoken on a new connection.
    return outputs + line.open()


def silence(line: TtsSession, active: AssistantTurn | None, now_us: int) -> list[Output]:
    """The line is given up where its answer is overdue."""
    if line.client is None or not line.client.timed_out(now_us):
        return []
    dropped = line.drop(now_us, "no answer")
    if active is None or active.stopping:
        return dropped
    return dropped + _no_speech(SPEECH_SILENT, active, now_us)


def _no_speech(detail: str, active: AssistantTurn | None, now_us: int) -> list[Output]:
    if active is not None and not active.stopping:
        active.lose_voice()
    return [_failed("speech", detail, active, now_us)]


# --- the speaker ------------------------------------------------------------------------------


def playback(
    happening: PlayoutPolled
    | PlaybackBegan
    | PlaybackUnderran
    | PlaybackDrained
    | PlaybackStopReported,
    active: AssistantTurn | None,
    device: str,
    now_us: int,
) -> list[Output]:
    """How far the sound is; a cut is one that the text outlives."""
    if active is None or happening.turn != active.turn:
        return []
    match happening:
        case PlayoutPolled():
            active.glanced(happening.queued_samples)
            return []
        case PlaybackBegan(turn=turn, at_us=at_us):
            return [PlaybackStarted(at_us=at_us, turn=turn, device=device)]
        case PlaybackUnderran():
            return [
                Underran(
                    at_us=happening.at_us,
                    turn=happening.turn,
                    position_samples=happening.position_samples,
                    missing_samples=happening.missing_samples,
                )
            ]
        case PlaybackDrained(turn=turn, played_samples=played):
            active.drained = True
            return [PlaybackFinished(at_us=now_us, turn=turn, played_samples=played)]
        case PlaybackStopReported(turn=turn, heard_samples=heard):
            active.hushing = False
            active.cut(heard, audible=True)
            return [
                PlaybackStopped(
                    at_us=now_us, turn=turn, played_samples=heard, heard_characters=active.heard
                )
            ]


def _failed(stage: Stage, detail: str, active: AssistantTurn | None, now_us: int) -> Event:
    turn = active.turn if active is not None else None
    return Failed(at_us=now_us, stage=stage, detail=detail, turn=turn)

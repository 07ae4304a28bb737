"""One place that makes sample events, so that tests say only what matters to them."""

from __future__ import annotations

from gramophone.core.timeline import (
    AudioReceived,
    DeltaReceived,
    Event,
    FlushAnswered,
    FlushSent,
    ModelFinished,
    PlaybackFinished,
    PlaybackStarted,
    RequestSent,
    SessionEnded,
    SessionStarted,
    TextSpoken,
    TurnCompleted,
    TurnStarted,
    UsageReported,
)

SAMPLE_RATE_HZ = 48_000


def session_started(session_id: str = "5e551017a0000000", **changes: object) -> SessionStarted:
    """The first event of a session, at 0."""
    fields: dict[str, object] = {
        "at_us": 0,
        "session_id": session_id,
        "provider": "local",
        "model": "smollm2",
        "voice": "aura-2-thalia-en",
        "encoding": "linear16",
        "sample_rate_hz": SAMPLE_RATE_HZ,
        "system_prompt": "Be brief.",
    }
    return SessionStarted(**(fields | changes))  # pyright: ignore[reportArgumentType]


def spoken_exchange(
    question: str = "What is a gramophone?",
    answer: str = "A gramophone plays records.",
    *,
    first_turn: int = 0,
    start_us: int = 1_000_000,
    frames: tuple[bytes, ...] = (b"\x01\x00" * 480, b"\x02\x00" * 480),
) -> list[Event]:
    """A user's turn and the spoken answer to it: two deltas, one chunk, one flush, two frames."""
    user_turn, turn = first_turn, first_turn + 1
    half = len(answer) // 2
    at = start_us
    events: list[Event] = [
        TurnStarted(at_us=at, turn=user_turn, role="user", text=question),
        TurnCompleted(at_us=at, turn=user_turn, role="user", text=question, finish_reason="sent"),
        TurnStarted(at_us=at + 100, turn=turn, role="assistant"),
        RequestSent(at_us=at + 200, turn=turn, provider="local", model="smollm2", messages=1),
        DeltaReceived(at_us=at + 200_000, turn=turn, text=answer[:half]),
        DeltaReceived(at_us=at + 220_000, turn=turn, text=answer[half:]),
        UsageReported(at_us=at + 230_000, turn=turn, input_tokens=12, output_tokens=6),
        ModelFinished(at_us=at + 230_000, turn=turn, reason="stop"),
        TextSpoken(
            at_us=at + 240_000,
            turn=turn,
            chunk=0,
            text=answer,
            source_start=0,
            source_end=len(answer),
        ),
        FlushSent(at_us=at + 240_000, turn=turn, flush=0, last_chunk=0),
    ]
    offset_bytes = 0
    for number, pcm in enumerate(frames):
        events.append(
            AudioReceived(
                at_us=at + 400_000 + number * 10_000,
                turn=turn,
                connection=0,
                offset_bytes=offset_bytes,
                size_bytes=len(pcm),
                pcm=pcm,
            )
        )
        offset_bytes += len(pcm)
    samples = offset_bytes // 2
    events += [
        FlushAnswered(at_us=at + 430_000, turn=turn, flush=0, end_samples=samples),
        PlaybackStarted(at_us=at + 440_000, turn=turn, device="silent"),
        PlaybackFinished(at_us=at + 500_000, turn=turn, played_samples=samples),
        TurnCompleted(
            at_us=at + 500_000, turn=turn, role="assistant", text=answer, finish_reason="stop"
        ),
    ]
    return events


def short_session(session_id: str = "5e551017a0000000") -> list[Event]:
    """A whole session of one exchange."""
    return [
        session_started(session_id),
        *spoken_exchange(),
        SessionEnded(at_us=2_000_000),
    ]

"""Labels that the text forms share: a session's name, a turn's speaker and its end."""

from __future__ import annotations

from gramophone.library.library import SessionSummary, TurnRecord
from gramophone.text.sanitize import plain_line

_ENDINGS = {
    "interrupted": "interrupted",
    "failed": "failed",
    "recovered": "broken off",
    "inherited": "from an earlier session",
    "repeated": "spoken again",
}


SHORTEST_US = 100_000
"""Time of thinking below which it is not named."""


def title_of(about: SessionSummary) -> str:
    """Its title on one line, never empty."""
    return plain_line(about.title) or f"Session {about.id}"


def moment_of(about: SessionSummary) -> str:
    """`2026-11-21 12:00 UTC`."""
    return f"{about.created_at[:10]} {about.created_at[11:16]} UTC"


def speaker_of(turn: TurnRecord) -> str:
    """Name of a turn's speaker on one line: the model's for an answer."""
    return plain_line(turn.speaker) or "Answer"


def remarks_on(turn: TurnRecord) -> str:
    """` (interrupted, heard up to character 5 of 20)`, or nothing where all went as it should."""
    remarks = [_ENDINGS[turn.finish_reason]] if turn.finish_reason in _ENDINGS else []
    if heard_part := heard_up_to(turn):
        remarks.append(heard_part)
    if turn.withdrawn:
        remarks.append("taken back")
    return f" ({', '.join(remarks)})" if remarks else ""


def heard_up_to(turn: TurnRecord) -> str:
    """A note on how far the text was heard if its sound was stopped before the end; else empty."""
    if not turn.unheard:
        return ""
    if not turn.heard_chars:
        return "not heard"
    return f"heard up to character {turn.heard_chars:,} of {len(turn.text):,}"


def picture_lines(turn: TurnRecord) -> list[str]:
    """Lines that stand for the pictures of a turn: `[picture: cat.png, 640×480]`."""
    return [plain_line(picture.label) for picture in turn.pictures]


def thinking_of(turn: TurnRecord) -> str:
    """`Thought for 4.2 s`, or `Thoughts` where they came at once; empty without thoughts."""
    if turn.thinking_us >= SHORTEST_US:
        return f"Thought for {turn.thinking_us / 1_000_000:.1f} s"
    return "Thoughts" if turn.aside.thoughts else ""


def read_turns(turns: tuple[TurnRecord, ...]) -> tuple[TurnRecord, ...]:
    """Those a reader wants: what was only spoken again stands there already."""
    return tuple(turn for turn in turns if turn.finish_reason != "repeated")


def spoken_ms(turn: TurnRecord) -> int | None:
    """Duration of a turn's sound in milliseconds; None without sound."""
    audio = turn.audio
    return None if audio is None else audio.samples * 1000 // audio.sample_rate_hz

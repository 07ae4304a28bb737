"""Chunks spoken at an even pace, and the captions that are made of them."""

from __future__ import annotations

from gramophone.library.library import SessionRecord, SessionSummary, TurnRecord
from storage.export.caption_layout import cues
from storage.export.excerpt import Excerpt, ExcerptTurn, SpokenSentence, TimedWord

ABOUT = SessionSummary("0a", "A talk", "2026-11-21T12:00:00+00:00", 2, 0, "local", "smollm2", "joe")
PACE_US = 60_000


def passage(text: str, start_us: int, pace_us: int = PACE_US) -> SpokenSentence:
    """A chunk spoken at an even pace, so many microseconds a character."""
    words: list[TimedWord] = []
    at = 0
    for word in text.split():
        at = text.index(word, at)
        start, at = at, at + len(word)
        words.append(
            TimedWord(start_us + start * pace_us, start_us + at * pace_us, word, start, at)
        )
    return SpokenSentence(start_us, start_us + len(text) * pace_us, text, tuple(words))


def excerpt(*turns: tuple[SpokenSentence, ...]) -> Excerpt:
    laid = [
        ExcerptTurn(
            TurnRecord(number, "assistant", "", "stop", 0),
            passages[0].start_us if passages else 0,
            passages[-1].end_us if passages else 0,
            passages=passages,
        )
        for number, passages in enumerate(turns)
    ]
    record = SessionRecord(ABOUT, "", "linear16", 48_000, ())
    return Excerpt(record, 48_000, tuple(laid), 0, 0)


def caption_texts(*chunks: str, pace_us: int = PACE_US) -> list[str]:
    passages: list[SpokenSentence] = []
    at_us = 0
    for chunk in chunks:
        passages.append(passage(chunk, at_us, pace_us))
        at_us = passages[-1].end_us
    return [cue.text for cue in cues(excerpt(tuple(passages)))]

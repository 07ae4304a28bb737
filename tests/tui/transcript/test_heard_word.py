"""The word that is lit: the one that is heard, or the last before the sound was stopped."""

from __future__ import annotations

import pytest

from tui.transcript.heard_word import spoken_span
from tui.transcript.turn_view import Phase, TurnView

TEXT = "One **two** three."


def lit(view: TurnView) -> str | None:
    span = spoken_span(view)
    return None if span is None else view.text[span.start : span.end]


def test_no_word_is_lit_while_nothing_is_heard() -> None:
    assert lit(TurnView(1, "assistant", TEXT)) is None


@pytest.mark.parametrize(
    ("heard_chars", "word"),
    [
        (0, ""),
        (1, "One"),
        (3, "One"),
        (5, "**two**"),
        (11, "**two**"),
        (13, "three."),
        (len(TEXT), "three."),
        (len(TEXT) + 9, "three."),
    ],
)
def test_the_word_around_what_has_been_heard_is_lit(heard_chars: int, word: str) -> None:
    assert lit(TurnView(1, "assistant", TEXT, heard_chars=heard_chars)) == word


def test_a_space_lights_the_word_behind_it() -> None:
    span = spoken_span(TurnView(1, "assistant", TEXT, heard_chars=4))
    assert span is not None
    assert TEXT[span.start : span.end] == "**two**"


@pytest.mark.parametrize(("stopped_at", "word"), [(3, "One"), (4, "One"), (7, "**t"), (0, "")])
def test_the_last_word_before_a_stop_stays_lit_as_far_as_it_was_heard(
    stopped_at: int, word: str
) -> None:
    view = TurnView(1, "assistant", TEXT, Phase.STOPPED, stopped_at=stopped_at)
    assert lit(view) == word


def test_no_word_stays_lit_if_all_was_heard() -> None:
    view = TurnView(1, "assistant", f"{TEXT}\n", Phase.STOPPED, stopped_at=len(TEXT))
    assert lit(view) is None

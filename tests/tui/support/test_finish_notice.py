"""Notice of a long answer's end: when, and what the terminal is sent."""

from __future__ import annotations

import pytest

from gramophone.core.timeline import Entry, TurnCompleted, TurnInterrupted, TurnStarted
from tui.support.finish_notice import LONG_ANSWER_US, AnswerTimer, notice_sequence

BEGUN = TurnStarted(at_us=1_000, turn=1, role="assistant")


def over(at_us: int) -> TurnCompleted:
    return TurnCompleted(at_us=at_us, turn=1, role="assistant", text="", finish_reason="stop")


@pytest.mark.parametrize(
    ("entries", "long"),
    [
        ([BEGUN, over(1_001 + LONG_ANSWER_US)], True),
        ([BEGUN, over(1_000 + LONG_ANSWER_US)], False),
        ([over(1_001 + LONG_ANSWER_US)], False),
        (
            [
                BEGUN,
                TurnInterrupted(at_us=2_000, turn=1, heard_text="", heard_samples=0),
                over(1_001 + LONG_ANSWER_US),
            ],
            False,
        ),
    ],
    ids=["long", "short", "not-begun", "stopped"],
)
def test_only_a_long_answer_that_ended_by_itself_counts(entries: list[Entry], long: bool) -> None:
    timer = AnswerTimer()
    one_by_one = [timer.long_answer_ended([entry]) for entry in entries]
    assert any(one_by_one) == long
    assert AnswerTimer().long_answer_ended(entries) == long


@pytest.mark.parametrize(
    ("kind", "environment", "sequence"),
    [
        ("off", {}, ""),
        ("bell", {}, "\a"),
        ("desktop", {"TERM": "xterm-256color"}, "\x1b]9;a, b has answered.\x1b\\"),
        ("desktop", {"TERM": "foot"}, "\x1b]777;notify;Gramophone;a, b has answered.\x1b\\"),
        ("desktop", {"TERM": "foot", "TMUX": "1"}, "\a"),
    ],
    ids=["off", "bell", "osc9", "osc777", "tmux"],
)
def test_the_terminal_is_sent_its_own_sequence(
    kind: str, environment: dict[str, str], sequence: str
) -> None:
    assert notice_sequence(kind, "a; b\x1b[2J\x07 has answered.", environment) == sequence

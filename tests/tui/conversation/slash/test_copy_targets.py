"""What can be taken out of a conversation by name."""

from __future__ import annotations

import pytest

from tui.conversation.slash.copy_targets import Passage, last_code, passage
from tui.transcript.turn_view import TurnView

TURNS = [
    TurnView(0, "user", "One?"),
    TurnView(1, "assistant", "A:\n```py\nx = 1\n```\n"),
    TurnView(2, "user", "Two?"),
    TurnView(3, "assistant", "No code."),
    TurnView(4, "assistant", ""),
]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("", Passage("No code.", "the last answer")),
        ("Answer", Passage("No code.", "the last answer")),
        ("code", Passage("x = 1\n", "the last code block")),
        ("prompt", Passage("Two?", "the last prompt")),
        ("horn", "/copy takes one of: answer, code, prompt."),
    ],
)
def test_passage(target: str, expected: object) -> None:
    assert passage(TURNS, target) == expected


def test_nothing_yet() -> None:
    assert passage([], "code") == "Nothing to copy: there is no code block yet."


@pytest.mark.parametrize(
    ("markdown", "code"),
    [
        ("", ""),
        ("`inline`", ""),
        ("```\na\n```\n\n~~~sh\nb\n\nc\n~~~", "b\n\nc\n"),
        ("````md\n```py\nx\n```\n````\n", "```py\nx\n```\n"),
        ("Still coming:\n```py\nx = ", "x = "),
        ("```\n```\n", ""),
    ],
)
def test_last_code(markdown: str, code: str) -> None:
    assert last_code(markdown) == code

"""Answers as lines: sentences, tables, code, and nothing that is drawn."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gramophone.line_mode.answer_lines import MOST_LINE_CHARS, AnswerLines

ANSWER = """# Fruit

An **apple** costs 1.50 a piece, e.g. at *Miller's*. A pear
costs more! See [the list](https://fruit.example/list).

| Fruit | Price |
|-------|------:|
| Apple | 1.50  |
| Pear  |       |

1. Wash it.
2. Eat `it`

- [x] Buy
> Fresh is best

---
```python
print("**fruit**")  # not a | table

```
Done"""

LINES = [
    "Heading: Fruit.",
    "An apple costs 1.50 a piece, e.g. at Miller's.",
    "A pear costs more!",
    "See the list (https://fruit.example/list).",
    "Table with the columns Fruit, Price.",
    "Row 1: Fruit: Apple; Price: 1.50.",
    "Row 2: Fruit: Pear.",
    "Item 1: Wash it.",
    "Item 2: Eat it.",
    "Item: Buy.",
    "Quote: Fresh is best.",
    "Code in python:",
    'print("**fruit**")  # not a | table',
    "",
    "End of code.",
    "Done",
]


def lines_of(*deltas: str) -> list[str]:
    answer = AnswerLines()
    return [line for delta in deltas for line in answer.feed(delta)] + answer.finish()


def test_an_answer_is_sentences() -> None:
    assert lines_of(ANSWER) == LINES


@given(st.lists(st.integers(0, len(ANSWER)), max_size=12))
def test_the_lines_are_the_same_for_deltas_of_any_size(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(ANSWER)]
    assert lines_of(*(ANSWER[a:b] for a, b in pairwise(edges))) == LINES


def test_a_sentence_is_given_as_soon_as_it_is_finished() -> None:
    answer = AnswerLines()
    assert answer.feed("Records turn. Need") == ["Records turn."]
    assert answer.feed("les listen. And") == ["Needles listen."]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("\x1b[2J\x1b]0;owned\x07Red.\r\u202eNext.", ["Red.", "Next."]),
        ("```\nwithout an end", ["Code:", "without an end", "End of code."]),
        ("2 * 3 * 4 is snake_case_name.", ["2 * 3 * 4 is snake_case_name."]),
        ("|a|", ["Table with the columns a."]),
        ("", []),
        ("\n\n***\n", []),
    ],
    ids=["hostile", "open-code", "no-emphasis", "row", "empty", "rule"],
)
def test_texts_at_the_edge(text: str, lines: list[str]) -> None:
    assert lines_of(text) == lines


@pytest.mark.parametrize("mark", ["#", "`", "|", "- ", "[", "*", "> ", "1. "])
def test_a_line_without_end_is_not_held(mark: str) -> None:
    answer = AnswerLines()
    lines = [line for _ in range(100) for line in answer.feed(mark * MOST_LINE_CHARS)]
    lines += answer.finish()
    assert max(map(len, lines), default=0) < 3 * MOST_LINE_CHARS

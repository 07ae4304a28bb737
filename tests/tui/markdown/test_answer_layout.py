"""Markdown that grows: the same rows however the text came, each with its offset in the source."""

from __future__ import annotations

import pytest

from tests.support.markdown_rows import grown
from tui.markdown.answer_layout import AnswerLayout
from tui.markdown.paint import pieces

TEXT = """# Title

A **gramophone** *works*, see [the museum](https://example.org/a_(b)) and `code` \\*x\\* &amp; more.
Second line.

1. A needle follows the groove.
2. The diaphragm turns

   another paragraph
   - nested
   - [x] done

> quote

```python
def play(record):
\tyield needle
```

| Part | Does |
|---|---:|
| Needle | **follows** |

A [reference][ref] at the end

[ref]: https://example.org
"""


@pytest.mark.parametrize("width", [12, 40, 80])
@pytest.mark.parametrize("step", [1, 3, 17, 100])
def test_pieces_give_the_same_rows_as_the_whole(width: int, step: int) -> None:
    assert grown(TEXT, width, step) == grown(TEXT, width, len(TEXT))


def test_words_know_where_they_stood() -> None:
    for drawn, first, last, _ in grown(TEXT, 80, 50):
        word = drawn.strip(" ▎•☑123.─┼│").split(" ")[0]
        if word and word != "python":
            assert word in TEXT[first:last]


CODE = "```python\n" + "".join(
    f'def f{n}(x):\n    """Say {n}\n    twice."""\n    return x + {n}  # {n}\n'
    + "\n" * (n % 3 == 0)
    for n in range(40)
)


def coloured(text: str, step: int) -> list[list[tuple[str, str]]]:
    """Looked at while it grows, as the screen does."""
    answer = AnswerLayout(60)
    for end in range(step, len(text) + step, step):
        answer.grow(text[:end])
        _looks(answer)
    answer.finish()
    return _looks(answer)


def _looks(answer: AnswerLayout) -> list[list[tuple[str, str]]]:
    rows = [pieces(answer.row(index)) for index in range(answer.height)]
    return [[(piece.text, piece.looks) for piece in row] for row in rows]


@pytest.mark.parametrize("step", [97, 400])
def test_code_has_the_same_colours_however_it_came(step: int) -> None:
    assert coloured(CODE, step) == coloured(CODE, len(CODE))


def test_rows_that_look_different_are_told() -> None:
    step = 23
    answer, before = AnswerLayout(60), list[list[tuple[str, str]]]()
    for end in range(step, len(CODE), step):
        changed = answer.grow(CODE[:end])
        now = _looks(answer)
        same = min(changed, len(before), len(now))
        assert now[:same] == before[:same]
        before = now

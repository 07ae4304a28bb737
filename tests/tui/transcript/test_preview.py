"""An answer beside the list of sessions: read, not marked up, and with its hits."""

from __future__ import annotations

import pytest

from gramophone.library.search_query import words_of
from tui.transcript.preview import excerpt

MARKED_UP = """A **horn** and a `needle`, see [the museum](https://example.org).

- one
  - two

```python
def play():
    pass
```

| Part | Does |
|---|---|
| Horn | amplifies |
"""


def lines(text: str, start: int = 0, end: int = 100_000, words: str = "") -> list[str]:
    read = excerpt(text, 40, start, end, words_of(words)).plain
    return [line.rstrip() for line in read.split("\n")]


def test_marks_are_gone_and_the_shape_stays() -> None:
    assert lines(MARKED_UP) == [
        "A horn and a needle, see the museum.",
        "",
        "• one",
        "  – two",
        "",
        " python",
        " def play():",
        "     pass",
        "",
        " Part │ Does",
        "──────┼───────────",
        " Horn │ amplifies",
    ]


def test_a_hit_is_lifted_inside_marks_and_across_rows() -> None:
    text = "One **horn**, two. " * 9
    read = excerpt(text, 40, 0, len(text), words_of("horn two"))
    hits = [span for span in read.spans if "accent" in str(span.style)]
    assert [read.plain[span.start : span.end] for span in hits] == ["horn", "two"] * 9


def test_what_is_left_out_above_and_below_is_said() -> None:
    text = "\n\n".join(f"Paragraph {number}." for number in range(9))
    rows = lines(text, text.index("Paragraph 3"), text.index("Paragraph 4") - 2)
    assert rows == ["…", "Paragraph 3.", "…"]


@pytest.mark.parametrize("before", [100, 3_000])
def test_far_down_in_a_long_answer_the_place_is_the_same(before: int) -> None:
    text = "Word.\n\n" * before + "**Here** it is.\n\nAnd on."
    assert lines(text, text.index("Here")) == ["…", "Here it is.", "", "And on."]

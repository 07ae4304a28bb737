"""Words found in the texts of a transcript."""

from __future__ import annotations

import pytest

from tui.markdown.styles import CURRENT_HIT, HIT
from tui.transcript.find import Finder
from tui.transcript.turn_view import TurnView


def hit_texts(words: str, text: str) -> list[str]:
    finder = Finder(words)
    finder.search(TurnView(1, "assistant", text=text))
    return [text[hit.start : hit.end] for hit in finder.hits]


def finder_of(words: str, *texts: str) -> Finder:
    finder = Finder(words)
    for turn, text in enumerate(texts):
        finder.search(TurnView(turn, "assistant", text=text))
    return finder


class TestHits:
    @pytest.mark.parametrize(
        ("words", "text", "hits"),
        [
            ("cafe", "Café and CAFE\u0301", ["Café", "CAFE\u0301"]),
            ("strasse", "Straße, STRASSE", ["Straße", "STRASSE"]),
            ("phon", "gramophone phones", ["phon", "phon"]),
            ("two words", "Two\nwords, two  **words**", ["Two\nwords", "two  **words"]),
            ("ﬁ", "fi ﬁ", ["fi", "ﬁ"]),
            ("كتاب", "کتاب كتاب", ["کتاب", "كتاب"]),
            ("留声", "留声机和留声", ["留声", "留声"]),
            ("a.b(", "a.b( axb(", ["a.b("]),
            ("nothing", "something", []),
            ("  ", "some text", []),
        ],
        ids=["accents", "sharp-s", "within", "markdown", "ligature", "arabic", "chinese", "literal",
             "none", "blank"],
    )  # fmt: skip
    def test_letters_are_compared_folded(self, words: str, text: str, hits: list[str]) -> None:
        assert hit_texts(words, text) == hits

    def test_text_that_grows_is_looked_through_once(self) -> None:
        text = "one two one tw" + "o one" * 30
        whole = hit_texts("two one", text)
        view, finder = TurnView(1, "assistant"), Finder("two one")
        for end in range(len(text) + 1):
            view.text = text[:end]
            finder.search(view)
        assert [text[hit.start : hit.end] for hit in finder.hits] == whole
        assert not finder.search(view)

    def test_a_text_that_is_taken_back_has_none(self) -> None:
        view, finder = TurnView(1, "assistant", text="one"), Finder("one")
        assert finder.search(view)
        view.text, view.rewrites = "", 1
        assert finder.search(view)
        assert finder.hits == []


class TestGoing:
    def test_from_where_one_reads_to_the_nearest_below(self) -> None:
        finder = finder_of("one", "one", "- one one", "one")
        hit = finder.go_near(1, 3)
        assert hit is not None
        assert (hit.turn, hit.start) == (1, 6)
        assert finder.position_words == "3 of 4"

    def test_below_the_last_it_is_the_last(self) -> None:
        finder = finder_of("one", "one", "one", "none of it")
        hit = finder.go_near(5, 0)
        assert hit is not None
        assert hit.turn == 2

    def test_behind_the_last_comes_the_first(self) -> None:
        finder = finder_of("one", "one", "two", "one")
        finder.go_near(0, 0)
        hits = [finder.step(step) for step in (1, 1, -1)]
        assert [hit.turn for hit in hits if hit is not None] == [2, 0, 2]

    def test_without_a_hit_there_is_nowhere_to_go(self) -> None:
        finder = finder_of("three", "one")
        assert (finder.go_near(0, 0), finder.step(1)) == (None, None)
        assert finder.position_words == "not found"

    def test_the_current_one_is_marked_otherwise(self) -> None:
        finder = finder_of("one", "one one")
        finder.go_near(0, 1)
        assert [span.look for span in finder.spans_of(0)] == [HIT, CURRENT_HIT]

from __future__ import annotations

import cProfile
import random
import tracemalloc
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gramophone.text.characters import is_speakable
from gramophone.text.chunker import LONGEST_CHUNK, Chunk, Chunker, chunks
from gramophone.text.control_filter import ControlFilter
from gramophone.text.markdown.reader import read
from tests.support.corpora import Case, load

GIVEN = load("speakable-chunks.jsonl")
MORE = load("more-chunks.jsonl")
CASES = [pytest.param(case, id=case["id"]) for case in (*GIVEN, *MORE)]


def run(deltas: list[str], lang: str = "en", *, first_clause: bool = False) -> list[Chunk]:
    chunker = Chunker(lang=lang, first_clause=first_clause)
    chunks_so_far = [chunk for delta in deltas for chunk in chunker.feed(delta)]
    return chunks_so_far + chunker.finish()


def texts(text: str, lang: str = "en", *, first_clause: bool = False) -> list[str]:
    return [chunk.text for chunk in run([text], lang, first_clause=first_clause)]


def pieces(text: str, seed: int) -> list[str]:
    choice = random.Random(seed)
    parts: list[str] = []
    while text:
        size = choice.randint(1, 8)
        parts.append(text[:size])
        text = text[size:]
    return parts


def words(parts: list[str]) -> list[str]:
    return " ".join(parts).split()


def until_chunk(text: str, lang: str = "en", *, first_clause: bool = False) -> str:
    """Give the shortest beginning of `text` that completes a chunk."""
    chunker = Chunker(lang=lang, first_clause=first_clause)
    for index, char in enumerate(text):
        if chunker.feed(char):
            return text[: index + 1]
    return ""


# The corpus


@pytest.mark.parametrize("case", CASES)
def test_gives_the_expected_chunks(case: Case) -> None:
    actual = texts(case["text"], case["lang"])
    if case["any_break"]:
        assert words(actual) == words(case["expected"])
    else:
        assert actual == case["expected"]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("first_clause", [False, True])
def test_the_size_of_deltas_changes_nothing(case: Case, first_clause: bool) -> None:
    text, lang = case["text"], case["lang"]
    whole = run([text], lang, first_clause=first_clause)
    by_word = [word + " " for word in text.split(" ")]
    by_word[-1] = by_word[-1][:-1]
    for deltas in ([*text], by_word, *(pieces(text, seed) for seed in range(5))):
        assert run(deltas, lang, first_clause=first_clause) == whole


@pytest.mark.parametrize("name", ["speakable-chunks.jsonl", "more-chunks.jsonl"])
def test_boundaries_agree_with_the_segments(name: str) -> None:
    hits = found_total = wanted_total = 0
    for case in load(name):
        text = case["text"]
        starts, position = set[int](), 0
        for segment in case["segments"]:
            if any(token.text.isalnum() for token in read(segment)):
                starts.add(position + len(segment) - len(segment.lstrip()))
            position += len(segment)
        starts_of_chunks = {chunk.source_start for chunk in run([text], case["lang"])}
        if case["any_break"]:
            starts_of_chunks &= starts
        hits += len(starts_of_chunks & starts)
        found_total += len(starts_of_chunks)
        wanted_total += len(starts)
    assert 2 * hits / (found_total + wanted_total) >= 0.99


def test_the_given_corpus_has_not_been_thinned() -> None:
    assert len(GIVEN) == 80
    assert len(MORE) >= 120
    for case in (*GIVEN, *MORE):
        assert "".join(case["segments"]) == case["text"]


# Latency


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ("It is done. Now go.", "It is done. N"),
        ("It is done! now", "It is done! n"),
        ("One line\nTwo", "One line\n"),
        ("你好！今天", "你好！今"),
        ("It cost $3.50 today. So", "It cost $3.50 today. S"),
        ("**Bold.** Then", "**Bold.** T"),
        ("At 5 p.m. we go. Now", "At 5 p.m. we go. N"),
        ("We sell ink, etc. Delivery", "We sell ink, etc. D"),
        ("It was the U.S. Her brother", "It was the U.S. Her "),
    ],
)
def test_releases_as_soon_as_it_can_know(text: str, needed: str) -> None:
    assert until_chunk(text) == needed


# The first clause


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Sure, here is how. Then go.", "Sure,"),
        ("Well; let us see. Then go.", "Well;"),
        ("Note: it is late. Go.", "Note:"),
        ("He paused — just then. Go.", "He paused —"),
        ("It cost 1,250 euros, I think. Go.", "It cost 1,250 euros,"),
        ("It was Jan 1, 1980 when we met. Go.", "It was Jan 1, 1980 when we met."),
        ('"Yes, sure," he said, smiling. Go.', '"Yes, sure," he said,'),
        ("A list (one, two) of things, here. Go.", "A list (one, two) of things,"),
        ("Use `f(a, b)` for it. Go, now.", "Use f(a, b) for it."),
        ("See [a, b](http://x.y) now. Go, now.", "See a, b now."),
        ("Yes. Sure, I can.", "Yes."),
        ("—, well, yes. Go.", "—, well,"),
        ("**Sure**, here it is. Go.", "Sure,"),
        ("好的，我们走吧。是", "好的，"),
        ("نعم، أنا هنا. شكرا", "نعم،"),
        ("Bring it, e.g., today. Go.", "Bring it,"),
    ],
)
def test_the_first_chunk_may_end_at_a_clause(text: str, first: str) -> None:
    assert texts(text, first_clause=True)[0] == first


def test_only_the_first_chunk_ends_at_a_clause() -> None:
    parts = run(["Sure, here it is. Well, now, go."], first_clause=True)
    assert [chunk.text for chunk in parts] == ["Sure,", "here it is.", "Well, now, go."]
    assert [chunk.sentence for chunk in parts] == [False, True, True]


# Cuts


@pytest.mark.parametrize(
    ("held", "cut"),
    [
        ("When the sun went down, the old man to", "When the sun went down,"),
        ("the quick brown fo", "the quick brown"),
        ("hello", None),
        ("One.\n `abc", None),
        ("hello wor", None),
        ("We met Dr. Smi", "We met"),
        ("We ran `make all the thi", "We ran"),
        ("We saw [the big docs", "We saw"),
        ("| a big | table row", None),
        ("```\nsome code and more", None),
        ("It is 1 250 000 eu", "It is 1 250 000"),
        ("the path so far, . ", "the path so"),
        ("C. S. Lewis wr", "C. S. Lewis"),
        ("It was C. S. Le", "It was"),
        ("It is true [^1", "It is"),
    ],
)
def test_a_cut_is_made_at_a_safe_place(held: str, cut: str | None) -> None:
    chunker = Chunker()
    chunker.feed(held)
    piece = chunker.cut()
    assert (None if piece is None else piece.text) == cut
    assert piece is None or not piece.sentence


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("every", [1, 7, 23])
def test_cuts_lose_no_word_and_move_no_sentence(case: Case, every: int) -> None:
    chunker = Chunker(lang=case["lang"])
    parts: list[Chunk] = []
    for index, char in enumerate(case["text"]):
        parts += chunker.feed(char)
        cut = chunker.cut() if index % every == 0 else None
        parts += [cut] if cut else []
    parts += chunker.finish()
    plain = run([case["text"]], case["lang"])
    joined, expected = ("".join(c.text for c in some).split() for some in (parts, plain))
    assert "".join(joined) == "".join(expected)
    ends = [chunk.source_end for chunk in parts if chunk.sentence]
    assert ends == [chunk.source_end for chunk in plain if chunk.sentence]
    assert all(a.source_end <= b.source_start for a, b in pairwise(parts))


# Long text


def test_a_long_sentence_is_broken_at_a_clause() -> None:
    text = "and then the man went to the sea, " * 20
    parts = run([text])
    assert len(parts) > 1
    assert all(chunk.text.endswith("sea,") and len(chunk.text) <= 320 for chunk in parts)
    assert not parts[0].sentence


def test_a_long_run_of_words_is_broken_between_words() -> None:
    text = "again and over " * 60
    parts = texts(text)
    assert len(parts) > 1
    assert words(parts) == text.split()


@pytest.mark.parametrize(
    "unit", ["天地玄黃", "これはとてもながい", "ภาษาไทย", "unbroken", "a_b", "."]
)
def test_no_chunk_exceeds_the_longest(unit: str) -> None:
    text = unit * (5000 // len(unit))
    parts = texts(text)
    assert all(len(chunk) <= LONGEST_CHUNK for chunk in parts)
    assert "".join(parts) == (text if is_speakable(unit) else "")


HARD = [
    *"a*[`.~#!\"'(<$&|\\-?…😀。中“«, \n1",
    *("[a", "[a](", "``a`", "<a ", "$a", "a. ", "U.S. ", "! ", "—! ", "a.B", "| a", "“a ", "`` ` "),
    *(
        "(a, ",
        "1. ",
        "<!-",
        "\x1b]",
        "a😀",
        "[[a]",
        "$$a",
        "\\(a ",
        "\\[a",
        "\\begin{a",
        "【a",
        "[1",
        "[!a",
    ),
    *(
        " :a",
        "|--",
        "+-",
        "--",
        "$5+",
        "---\na",
        ":::",
        "<think>\n",
        "$a_{",
        "$5 ",
        "\ue200",
        "$$\n",
        "{#a",
    ),
]


@pytest.mark.parametrize("unit", ["word ", "x", ", ", ".", ")", "好", "a, b; ", "“"])
def test_a_sentence_without_end_is_not_held(unit: str) -> None:
    chunker = Chunker(first_clause=True)
    for _ in range(3):
        chunker.feed(unit * (40_000 // len(unit)))
    tracemalloc.start()
    try:
        for _ in range(3):
            chunker.feed(unit * (20_000 // len(unit)))
        held_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held_bytes < 2**20


@pytest.mark.parametrize("unit", HARD)
def test_work_grows_with_the_length_only(unit: str) -> None:
    def calls(length: int) -> int:
        """How much is done for a text, counted in calls: the same on any machine."""
        text = (unit * length)[:length]
        profile = cProfile.Profile()
        profile.runcall(run, [*text])
        return sum(entry.callcount for entry in profile.getstats())

    # A quadratic scanner does 9 times as much for 3 times the text. 4,000 characters are held of a
    # line that may be a fence or the row of a table; both lengths lie beyond that.
    length = 6_000 if unit[:1] in "|~" else 3_000
    assert calls(3 * length) < 5 * calls(length)


# Properties

MARKDOWN = st.text(
    st.sampled_from([*"abcDE  ..,,!?\n\n*_`~[]()<>#|$\\-:;\"'&1239“”«»…—", "。", "你", "🎉", "é"]),
    max_size=120,
)
ANY = st.one_of(MARKDOWN, st.text(max_size=80))


@given(ANY, st.lists(st.integers(1, 9), max_size=40), st.booleans())
def test_any_text_gives_the_same_chunks_in_any_deltas(
    text: str, sizes: list[int], first_clause: bool
) -> None:
    deltas, position = list[str](), 0
    for size in sizes:
        deltas.append(text[position : position + size])
        position += size
    deltas.append(text[position:])
    whole = run([text], first_clause=first_clause)
    assert run(deltas, first_clause=first_clause) == whole
    assert run([*text], first_clause=first_clause) == whole


@given(ANY)
def test_no_letter_is_lost(text: str) -> None:
    spoken = [token.text for token in read(printable(text))]
    letters = [char for char in "".join(spoken) if char.isalnum()]
    spoken_letters = [char for char in "".join(texts(text)) if char.isalnum()]
    assert spoken_letters == letters


def printable(text: str) -> str:
    """Give what the filter of control characters leaves of `text`."""
    control = ControlFilter()
    return "".join(control.pass_on(char) for char in text)


@given(ANY, st.booleans())
def test_chunks_are_clean_ordered_and_short(text: str, first_clause: bool) -> None:
    parts = run([*text], first_clause=first_clause)
    for chunk in parts:
        assert chunk.text == chunk.text.strip()
        assert is_speakable(chunk.text)
        assert chunk.text.isprintable()
        assert 0 <= chunk.source_start < chunk.source_end <= len(text)
    assert all(a.source_end <= b.source_start for a, b in pairwise(parts))


@given(MARKDOWN, st.integers(1, 12))
def test_cuts_lose_nothing_of_any_text(text: str, every: int) -> None:
    chunker = Chunker()
    parts: list[Chunk] = []
    for index, char in enumerate(text):
        parts += chunker.feed(char)
        cut = chunker.cut() if index % every == 0 else None
        parts += [cut] if cut else []
    parts += chunker.finish()
    joined = "".join("".join(chunk.text for chunk in parts).split())
    plain = "".join("".join(texts(text)).split())
    assert joined == plain


def test_a_finished_chunker_takes_no_more() -> None:
    chunker = Chunker()
    assert chunker.feed("Yes") == []
    assert [chunk.text for chunk in chunker.finish()] == ["Yes"]
    assert chunker.finish() == []
    with pytest.raises(ValueError, match="finished"):
        chunker.feed("more")


def test_the_plain_form_gives_a_sentence_before_the_next_delta_is_read() -> None:
    read_so_far: list[str] = []

    def deltas() -> Any:
        for delta in ("One. ", "Two. ", "Three."):
            read_so_far.append(delta)
            yield delta

    sentences = chunks(deltas())
    assert next(sentences) == "One."
    assert len(read_so_far) == 2
    assert list(sentences) == ["Two.", "Three."]

"""When each shown word is heard."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from storage.export.excerpt import SpokenSentence, TimedWord
from storage.export.formats.html.text import ShownText, markdown
from storage.export.formats.html.words import WordTimes, heard

SECOND_US = 1_000_000


def passage(start_s: int, source: str, text: str, spoken: str = "") -> SpokenSentence:
    """`text`'s part `source`, spoken a word a second, as the alignment gives it."""
    start = text.index(source)
    spoken = spoken or source
    words: list[TimedWord] = []
    at = 0
    for number, word in enumerate(spoken.split()):
        first = spoken.index(word, at)
        at = first + len(word)
        places = [start + len(source) * edge // len(spoken) for edge in (first, at)]
        begin_us = (start_s + number) * SECOND_US
        words.append(TimedWord(begin_us, begin_us + SECOND_US, word, *places))
    return SpokenSentence(words[0].start_us, words[-1].end_us, spoken, tuple(words))


def lit(text: ShownText, passages: Sequence[SpokenSentence], start_us: int = 0) -> list[str]:
    """The words with the second they light up in; in brackets those that are only reached."""
    times = heard(text.words, passages, start_us)
    return [
        f"{word.text}@{at.from_us // SECOND_US}"
        if at.to_us
        else f"({word.text}@{at.from_us // SECOND_US})"
        for word, at in zip(text.words, times, strict=True)
    ]


def test_markdown_does_not_matter() -> None:
    text = "# Of **horns**\n\n- A [horn](http://horn.example) `sings`."
    passages = [
        passage(0, "# Of **horns**", text, "Of horns"),
        passage(2, "- A [horn](http://horn.example) `sings`.", text, "A horn sings."),
    ]
    assert lit(markdown(text), passages) == ["Of@0", "horns@1", "A@2", "horn@3", "sings.@4"]


def test_a_word_that_comes_again_lights_up_where_it_is_said() -> None:
    text = "The horn. The horn is the horn."
    only_the_second = [passage(5, "The horn is the horn.", text)]
    assert lit(markdown(text), only_the_second, 5 * SECOND_US) == [
        "(The@5)",
        "(horn.@5)",
        *("The@5", "horn@6", "is@7", "the@8", "horn.@9"),
    ]


def test_what_is_not_said_is_reached_after_what_is_said_before_it() -> None:
    text = "Look:\n\n```\ncode\n```\n\n1. Next."
    passages = [passage(0, "Look:", text), passage(1, "1. Next.", text)]
    assert lit(markdown(text), passages) == ["Look:@0", "(@1)", "Next.@2"]


def test_what_is_said_otherwise_lights_up_where_it_stands() -> None:
    text = "It costs 5 € &amp; more."
    passages = [passage(0, text, text, "It costs five Euro and more.")]
    assert lit(markdown(text), passages) == ["It@0", "costs@1", "5@2", "€@3", "&@4", "more.@5"]


def test_a_passage_beyond_the_text_lights_nothing() -> None:
    text = "Cut here. And this was never said."
    passages = [passage(0, "Cut here.", text), passage(2, "And this was never said.", text)]
    assert lit(markdown("Cut here."), passages) == ["Cut@0", "here.@1"]


def test_very_long_passages_are_paired_by_place() -> None:
    text = " ".join(f"w{number}" for number in range(1_500))
    times = heard(markdown(text).words, [passage(0, text, text)], 0)
    right = sum(at.from_us == number * SECOND_US for number, at in enumerate(times))
    assert right == 1_500


words = st.lists(st.sampled_from(["the", "a", "horn", "*the*", "1.", "sings.", "\n\n"]))


@given(words, st.integers(0, 60), st.integers(0, 60))
def test_no_word_lights_twice_and_none_out_of_order(
    words: list[str], first: int, last: int
) -> None:
    text = " ".join(words)
    spoken = text[first:last]
    passages = [passage(0, spoken, text)] if spoken.strip() else []
    times = heard(markdown(text).words, passages, 0)
    starts = [at.from_us for at in times]
    assert starts == sorted(starts)
    sounding = [at for at in times if at != WordTimes(at.from_us)]
    assert len(set(sounding)) == len(sounding) or len(spoken.split()) < len(sounding)

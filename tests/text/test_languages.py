from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gramophone.text.chunker import Chunker, chunks
from gramophone.text.language.detection import LanguageFinder
from gramophone.text.sentences.abbreviations import LANGUAGES, rules_for, rules_while_unsure
from gramophone.text.sentences.cldr_abbreviations import SUPPRESSIONS
from tests.support.corpora import Case, load

CASES = load("languages.jsonl")
OLD = [case for name in ("speakable-chunks", "more-chunks") for case in load(f"{name}.jsonl")]
SAMPLES = st.sampled_from([case["text"] for case in CASES])


def finder_of(text: str, hint: str = "") -> LanguageFinder:
    finder = LanguageFinder(hint)
    for char in text:
        finder.add(char)
    return finder


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['lang']}: {case['text'][:24]}")
def test_sentences_end_where_they_do_in_their_language(case: Case) -> None:
    assert list(chunks([case["text"]], case["lang"])) == case["expect"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['lang']}: {case['text'][:24]}")
def test_the_same_where_the_language_is_found(case: Case) -> None:
    assert list(chunks([case["text"]])) == case["expect"]
    assert list(chunks(case["text"], "auto")) == case["expect"]


@pytest.mark.parametrize("case", OLD, ids=lambda case: case["id"])
def test_the_older_cases_hold_where_the_language_is_found(case: Case) -> None:
    sentences = list(chunks([case["text"]]))
    if case["any_break"]:
        assert " ".join(sentences).split() == " ".join(case["expected"]).split()
    else:
        assert sentences == case["expected"]


@given(SAMPLES, SAMPLES, st.lists(st.integers(1, 9), max_size=30))
def test_the_language_is_the_same_in_deltas_of_any_size(
    first: str, second: str, sizes: list[int]
) -> None:
    text, deltas = f"{first} {second}", list[str]()
    for size in sizes:
        deltas.append(text[:size])
        text = text[size:]
    assert list(chunks([*deltas, text])) == list(chunks([f"{first} {second}"]))


ALPHABET = [
    *"aB XIV.,:;!?…\n12()[]{}$\\«»„“-'’",
    "ж",
    "Г. ",
    "ё",
    "ő",
    "ß",
    "。",
    "．",
    "１",
    "ん",
    "是",
]
MIXED = st.lists(
    st.sampled_from(
        [*ALPHABET, "ไท", "ά", "؟", "م", "है", "।", "၁", "ა", "ա", "ř", " 3. ", " Dr. "]
    ),
    max_size=60,
).map("".join)


@given(MIXED, st.sampled_from(["auto", "de", "tr", "ru", "el", "th"]))
def test_any_mixture_gives_the_same_chunks_in_any_deltas(text: str, lang: str) -> None:
    whole = list(chunks([text], lang))
    assert list(chunks(text, lang)) == whole
    assert list(chunks([text[:7], text[7:]], lang)) == whole


@given(SAMPLES, SAMPLES)
def test_a_language_that_is_decided_stays(first: str, second: str) -> None:
    finder = finder_of(first)
    decided = finder.decided
    for char in f" {second} " * 3:
        finder.add(char)
    if decided:
        assert finder.decided == finder.guess() == decided


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("Sure, here is what you can do about it.", "en"),
        ("Natürlich, das geht so: Zuerst", "de"),
        ("Ja, det kan du gøre på flere måder.", "da"),
        ("Конечно, это можно сделать", "ru"),
        ("Звичайно, це можна зробити", "uk"),
        ("もちろんです。", "ja"),
        ("当然可以，请先打开设置页面", "zh"),
        ("물론입니다.", "ko"),
        ("البرنامج يعمل في كل مكان", "ar"),
        ("این برنامه برای همه است", "fa"),
        ("یہ پروگرام سب کے لیے ہے", "ur"),
        ("यह कार्यक्रम सबके लिए है", "hi"),
        ("แน่นอนครับ", "th"),
    ],
)
def test_the_first_words_tell_the_language(text: str, lang: str) -> None:
    assert finder_of(text).guess() == lang


def test_without_any_words_the_hint_counts_and_else_english() -> None:
    assert finder_of("").guess() == "en"
    assert finder_of("", "de").guess() == "de"
    assert finder_of("42, 43.", "tr").guess() == "tr"
    assert finder_of("Das ist nicht gut", "fr").guess() == "de"


def test_a_named_language_is_not_looked_for() -> None:
    text = "Sie ist im 3. Semester an der Universität. Gut."
    assert len(list(chunks([text], "de"))) == 2
    assert len(list(chunks([text], "en"))) == 3


def test_a_hint_is_the_language_until_words_say_otherwise() -> None:
    for hint in ("tr", ""):
        chunker = Chunker(hint=hint)
        parts = [*chunker.feed("Ofis 2. Katta. Tamam."), *chunker.finish()]
        assert [chunk.text for chunk in parts][-1] == "Tamam."


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_language_has_rules(lang: str) -> None:
    assert rules_for(lang).lang == lang
    assert rules_for(lang).openers
    assert rules_while_unsure(lang).classes.keys() >= rules_for(lang).classes.keys()


def test_codes_of_regions_and_older_codes_are_known() -> None:
    assert rules_for("en-IN").lang == "en"
    assert rules_for("de_AT").ordinals
    assert rules_for("nb").lang == rules_for("no").lang


def test_abbreviations_of_cldr_count_unless_they_are_words() -> None:
    assert len(SUPPRESSIONS) == 7
    assert list(chunks(["Wir nahmen den Ztr. Kartoffeln mit. Gut."], "de")) == [
        "Wir nahmen den Ztr. Kartoffeln mit.",
        "Gut.",
    ]
    assert list(chunks(["Wer ist so alt. Peter."], "de")) == ["Wer ist so alt.", "Peter."]

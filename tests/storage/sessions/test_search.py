"""Search: what a person types never raises and finds what it should."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gramophone.core.clock import wall_clock
from gramophone.core.errors import FilterError
from gramophone.library.search_query import SearchWord, parse
from storage.sessions.search import HIT_BEGINS, HIT_ENDS, TURN_HITS, match_expression, snippet
from storage.sqlite.schema import migrate, turn_number

ANY_HITS = TURN_HITS.format(sessions="session", passes="1")
TEXTS = [
    "A gramophone plays records.",
    "The Café on the corner plays jazz.",
    "It's a well-known NEAR miss, AND not OR.",
    "留声机播放唱片",
]


@pytest.fixture(scope="module")
def database() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection, wall_clock)
    connection.execute(
        "INSERT INTO session (number, id, created_at, provider, model, voice, encoding, "
        "sample_rate_hz, system_prompt, format_version) "
        "VALUES (0, 'a0', '', '', '', '', 'linear16', 1, '', 1)"
    )
    connection.executemany(
        "INSERT INTO turn (number, session, turn, role, text, started_us) "
        "VALUES (?1, 0, ?1, 'user', ?2, 0)",
        list(enumerate(TEXTS)),
    )
    yield connection
    connection.close()


def hits(database: sqlite3.Connection, typed: str) -> list[int]:
    try:
        search = parse(typed, date(2026, 11, 21))
    except FilterError:
        return []
    query = match_expression(search.words, search.without)
    rows = database.execute(ANY_HITS, (query, 1 << 62, 50)) if query else ()
    return [row % turn_number(1, 0) for (row,) in rows]


@pytest.mark.parametrize(
    ("typed", "turns"),
    [
        ("gramophone", [0]),
        ("GRAMO", [0]),
        ("plays", [1, 0]),
        ("play record", [0][:0]),
        ("plays record", [0]),
        ("cafe", [1]),
        ("cafe\u0301", [1]),
        ("it's", [2]),
        ("well-kn", [2]),
        ("near", [2]),
        ("NOT OR", [2]),
        ("留", [3]),
        ("a", [2, 0]),
        ("nothing like it", []),
        ('"plays jazz"', [1]),
        ('"plays rec"', []),
        ('"plays records" gramo', [0]),
        ("plays -jazz", [0]),
        ('plays -"the corner"', [0]),
        ("plays -jaz", [1, 0]),
        ('"', []),
        ("* ( ) : ^ -", []),
        ("   ", []),
    ],
)
def test_words_are_found_newest_first(
    typed: str, turns: list[int], database: sqlite3.Connection
) -> None:
    assert hits(database, typed) == turns


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(typed=st.text(st.characters(codec=None)) | st.text('ab"*^:(){}-+.\\ \0ANDORTNE'))
def test_nothing_that_is_typed_raises(typed: str, database: sqlite3.Connection) -> None:
    hits(database, typed)


def test_a_book_as_a_query_is_answered(database: sqlite3.Connection) -> None:
    assert hits(database, "gramophone " * 10_000) == [0]
    assert hits(database, "x" * 100_000) == []


def marked(text: str, *words: SearchWord) -> str:
    return snippet(text, words).replace(HIT_BEGINS, "[").replace(HIT_ENDS, "]")


GRAMO = SearchWord("gramo", open=True)
LONG = " ".join(f"w{number}" for number in range(40))


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        (TEXTS[0], [GRAMO], "A [gramophone] plays records."),
        (
            TEXTS[1],
            [SearchWord("cafe"), SearchWord("jazz")],
            "The [Café] on the corner plays [jazz].",
        ),
        (LONG, [SearchWord("w20")], "…w16 w17 w18 w19 [w20] w21 w22 w23 w24 w25 w26 w27…"),
        (LONG, [SearchWord("w39")], "…w28 w29 w30 w31 w32 w33 w34 w35 w36 w37 w38 [w39]"),
        (
            LONG,
            [SearchWord("w1"), SearchWord("w30"), SearchWord("w32")],
            "…w26 w27 w28 w29 [w30] w31 [w32] ",
        ),
        (LONG, [SearchWord("none")], "w0 w1 w2 w3 w4 w5 w6 w7 w8 w9 w10 w11…"),
        (
            "天" * 300 + "签证" + "地" * 300,
            [SearchWord("签证")],
            "…" + "天" * 16 + "[签证]" + "地" * 30,
        ),
        ("ที่" * 90 + "ไทย", [SearchWord("ไทย")], "…ที่"),
        ("", [GRAMO], ""),
        ("x" * 9_000, [SearchWord("x", open=True)], "x" * 400 + "…"),
    ],
)
def test_hits_stand_between_marks(text: str, words: list[SearchWord], expected: str) -> None:
    assert marked(text, *words).startswith(expected)


@given(text=st.text(), words=st.lists(st.text(min_size=1), max_size=3))
def test_a_snippet_is_part_of_its_text(text: str, words: list[str]) -> None:
    clean = snippet(text, [SearchWord(word) for word in words])
    clean = clean.replace(HIT_BEGINS, "").replace(HIT_ENDS, "").strip("…")
    assert clean in text.replace(HIT_BEGINS, "").replace(HIT_ENDS, "")

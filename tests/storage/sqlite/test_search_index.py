"""The index inside writing without spaces: what it finds, lifts and keeps true in old libraries."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gramophone.core.clock import wall_clock
from gramophone.library.search_query import highlights, parse
from gramophone.text.folding import folded
from storage.sessions.search import TITLE_HITS, TURN_HITS, match_expression
from storage.sqlite.schema import MIGRATIONS, SCHEMA_VERSION, migrate, schema_version
from tests.support.migrations import interrupting

BEFORE = 7
"""The last schema whose index holds the words alone."""
LETTERS = "数据库签证ไทยเป็ที่タワあいកម្ពុជាab 1，"
TEXTS = [
    "我的签证申请被拒绝了。",
    "请用API接口读数据库，谢谢",
    "ภาษาไทยเป็นภาษาที่มีวรรณยุกต์",
    "東京タワーに行きました",
    "ຂ້ອຍມັກພາສາລາວ",
    "ខ្ញុំចូលចិត្តភាសាខ្មែរ",
    "ကျွန်တော်မြန်မာစာလေ့လာတယ်",
    "می\u200cخواهم کتاب\u200cها را بخوانم",
    "علي يقرأ كتابا",
    "Straße, Ａｐｐｌｅ and a naïve Cafe\u0301",
    "हिन्दी भाषा",
    "visa 签证 office",
    "𠮷野家の牛丼",
    "數學。學生",
]


def filled(texts: list[str], schema: int = SCHEMA_VERSION) -> sqlite3.Connection:
    """A library in memory with a turn and a title for each of the texts."""
    database = sqlite3.connect(":memory:", isolation_level=None)
    migrate(database, wall_clock, MIGRATIONS[:schema])
    for number, text in enumerate(texts, 1):
        database.execute(
            "INSERT INTO session (number, id, title, created_at, provider, model, voice, encoding, "
            "sample_rate_hz, system_prompt, format_version) "
            "VALUES (?, ?, ?, '', '', '', '', 'linear16', 1, '', 1)",
            (number, str(number), text),
        )
        database.execute(
            "INSERT INTO turn (number, session, turn, role, text, started_us) "
            "VALUES (?, ?, 0, 'user', ?, 0)",
            (number << 20, number, text),
        )
    return database


@pytest.fixture(scope="module")
def database() -> Iterator[sqlite3.Connection]:
    connection = filled(TEXTS)
    yield connection
    connection.close()


def hit_positions(database: sqlite3.Connection, typed: str) -> list[int]:
    """The places in `TEXTS` of the turns that are found; titles find the same."""
    search = parse(typed, date(2026, 11, 21))
    query = match_expression(search.words, search.without)
    both = [
        [
            row[0] >> shift
            for row in database.execute(
                hits.format(sessions="session", passes="1"), (query, 1 << 62, 99)
            )
        ]
        for hits, shift in ((TURN_HITS, 20), (TITLE_HITS, 0))
    ]
    assert both[0] == both[1]
    return [number - 1 for number in both[0]]


def agrees(database: sqlite3.Connection) -> None:
    for index in ("turn_text", "session_title"):
        database.execute(f"INSERT INTO {index} ({index}, rank) VALUES ('integrity-check', 1)")


@pytest.mark.parametrize(
    ("typed", "places", "lifted"),
    [
        ("签证", [11, 0], "签证"),
        ("签", [11, 0], "签"),
        ("数据", [1], "数据"),
        ("据库", [1], "据库"),
        ("库", [1], "库"),
        ("数据库，谢", [1], "数据库，谢"),
        ("ไทย", [2], "ไทย"),
        ("วรรณยุกต์", [2], "วรรณยุกต์"),
        ("タワー", [3], "タワー"),
        ("ﾀﾜｰ", [3], "タワー"),
        ("京タ", [3], "京タ"),
        ("ພາສາ", [4], "ພາສາ"),
        ("ភាសា", [5], "ភាសា"),
        ("မြန်မာ", [6], "မြန်မာ"),
        ("api", [1], "API"),
        ("用API", [1], "用API"),
        ("api接", [1], "API接"),
        ("接口 谢谢", [1], "接口"),
        ('"visa 签证"', [11], "visa 签证"),
        ("签证 -visa", [0], "签证"),
        ("学生", [], ""),
        ("学。学", [], ""),
        ("數學學", [], ""),
        ("学生 數學", [], ""),
        ("𠮷野", [12], "𠮷野"),
        ("野家", [12], "野家"),
        ("ميخواهم", [7], "می\u200cخواهم"),
        ("می\u200cخواهم", [7], "می\u200cخواهم"),
        ("خواهم", [7], "خواهم"),
        ("کتابها", [7], "کتاب\u200cها"),
        ("كتاب", [8, 7], "كتابا"),
        ("علی", [8], "علي"),
        ("strasse", [9], "Straße"),
        ("APPLE", [9], "Ａｐｐｌｅ"),
        ("ｎaive", [9], "naïve"),
        ("café", [9], "Cafe\u0301"),
        ("हिन्दी", [10], "हिन्दी"),
        ("हिन्", [10], "हिन्"),
    ],
)
def test_what_stands_in_a_text_is_found_and_lifted(
    typed: str, places: list[int], lifted: str, database: sqlite3.Connection
) -> None:
    assert hit_positions(database, typed) == places
    words = parse(typed, date(2026, 11, 21)).words
    if places:
        text = TEXTS[places[0]]
        assert lifted in [text[start:end] for start, end in highlights(text, words)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(LETTERS, min_size=1, max_size=12), st.data())
def test_any_part_of_a_run_is_found(text: str, data: st.DataObject) -> None:
    runs = [run for run in "".join(c if c not in "ab 1，" else " " for c in text).split() if run]
    if not runs:
        return
    run = data.draw(st.sampled_from(runs))
    start = data.draw(st.integers(0, len(run) - 1))
    part = run[start : data.draw(st.integers(start + 1, len(run)))]
    database = filled([text])
    try:
        hits = hit_positions(database, part) if folded(part) and folded(part)[0].isalpha() else [0]
        assert hits == [0]
        agrees(database)
    finally:
        database.close()


def test_no_pair_reaches_over_the_end_of_a_run() -> None:
    database = filled(["数学。生物", "学生"])
    assert hit_positions(database, "学生") == [1]
    assert hit_positions(database, "学") == [1, 0]
    database.close()


def test_changes_and_removal_keep_it_true(database: sqlite3.Connection) -> None:
    changed = filled(TEXTS)
    changed.execute("UPDATE turn SET text = '没有了' WHERE session = 1")
    changed.execute("UPDATE session SET title = '没有了' WHERE number = 1")
    assert hit_positions(changed, "签证") == [11]
    assert hit_positions(changed, "没有") == [0]
    changed.execute("PRAGMA foreign_keys = ON")
    changed.execute("DELETE FROM session WHERE number IN (1, 3, 12)")
    agrees(changed)
    assert hit_positions(changed, "签证") == hit_positions(changed, "ไทย") == []
    assert hit_positions(changed, "数据") == [1]
    changed.close()


@pytest.mark.parametrize("schema", range(4, BEFORE + 1))
def test_an_older_library_is_indexed_again(schema: int) -> None:
    older = filled(TEXTS, schema)
    migrate(older, wall_clock)
    agrees(older)
    assert hit_positions(older, "签证") == [11, 0]
    assert hit_positions(older, "apple") == [9]
    older.close()


def test_a_text_that_is_no_utf_8_is_indexed_as_well() -> None:
    older = filled(["fine", "broken"], BEFORE)
    older.execute("UPDATE turn SET text = CAST(x'62ff6400e7adbee8af81' AS TEXT) WHERE session = 2")
    migrate(older, wall_clock)
    agrees(older)
    assert older.execute(
        "SELECT rowid >> 20 FROM turn_text WHERE turn_text MATCH ?", ('"签证"',)
    ).fetchall() == [(2,)]
    older.close()


@pytest.mark.parametrize("looks", [1, 3, 9, 30])
def test_indexing_again_can_be_stopped_and_loses_nothing(looks: int) -> None:
    older = filled(TEXTS * 20, BEFORE)
    before = older.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
    with pytest.raises(KeyboardInterrupt):
        migrate(older, wall_clock, progress=interrupting(looks))
    assert schema_version(older) == BEFORE
    assert older.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall() == before
    migrate(older, wall_clock)
    agrees(older)
    assert hit_positions(older, "数据")[:1] == [14 * 19 + 1]
    older.close()


def test_ctrl_c_within_the_function_is_ctrl_c() -> None:
    """A signal that comes while SQLite calls us would be an error of SQL."""
    older = filled(TEXTS, BEFORE)

    def progress(done: int, total: int) -> None:
        def interrupted(text: bytes) -> str:
            raise KeyboardInterrupt

        older.create_function("indexed_1", 1, interrupted, deterministic=True)

    with pytest.raises(KeyboardInterrupt):
        migrate(older, wall_clock, progress=progress)
    assert schema_version(older) == BEFORE
    older.close()

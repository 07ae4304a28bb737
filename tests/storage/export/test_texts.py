"""Conversations as txt, md, json, csv and cast: what others read in them, whatever was said."""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from fixtures import recordings
from gramophone.core.timeline import (
    Event,
    HistoryRewound,
    SessionEnded,
    SettingsChanged,
    TextSpoken,
    TurnCompleted,
    TurnStarted,
)
from gramophone.library.export_request import Pauses, TurnSelection
from gramophone.text.sanitize import plain, plain_line
from storage.export.formats.cast import COLUMNS, IDLE_S
from storage.export.formats.csv_table import COLUMNS as TABLE
from storage.export.formats.markdown_escape import without_html
from storage.library import StoredLibrary
from tests.support.builders import session_started, spoken_exchange
from tests.support.exported import HOSTILE, SECOND, taken_in, talk, talked, written
from tests.support.paths import ROOT
from tests.support.recordings import SESSION_ID, record

PUBLISHED = ROOT / "docs/session.schema.json"
SCHEMA = json.loads(PUBLISHED.read_text(encoding="utf-8"))
FORMS = ("txt", "md", "json", "csv", "cast")


# --- readers ------------------------------------------------------------------------------------


def front_matter(content: bytes) -> dict[str, Any]:
    _, matter, _ = content.decode().split("---\n", 2)
    return yaml.safe_load(matter)


def headings(content: bytes) -> list[str]:
    """The headings a Markdown parser finds outside of quotations; there must be no HTML."""
    body = content.decode().split("\n---\n", 1)[1]
    titles: list[str] = []
    for tables in (False, True):
        parser = MarkdownIt("commonmark")
        tokens = (parser.enable("table") if tables else parser).parse(body)
        for token in tokens:
            for part in (token, *(token.children or ())):
                assert not part.type.startswith("html"), part
        titles = [
            f"{token.tag} {content.content}"
            for token, content in pairwise(tokens)
            if token.type == "heading_open" and token.level == 0
        ]
    return titles


def table(content: bytes) -> list[dict[str, str]]:
    assert content.count(b"\n") >= content.count(b"\r\n") > 0
    rows = list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))
    assert all(len(row) == len(TABLE) for row in rows)
    return [dict(zip(TABLE, row, strict=True)) for row in rows[1:]]


def cast(content: bytes) -> tuple[dict[str, Any], list[tuple[float, str, str]]]:
    """Header and events of an asciicast 3, by the rules of its specification."""
    header, *lines = [json.loads(line) for line in content.decode().splitlines()]
    assert header["version"] == 3
    assert all(isinstance(header["term"][side], int) for side in ("cols", "rows"))
    for interval, code, data in lines:
        assert 0 <= interval <= IDLE_S
        assert code in ("o", "m")
        assert isinstance(data, str)
    return header, [tuple(line) for line in lines]


SGR = re.compile(r"\x1b\[(?:0|1|2|1;36|1;32)m")


def screen(content: bytes) -> list[str]:
    """The lines a terminal shows, all of them."""
    output = "".join(data for _, code, data in cast(content)[1] if code == "o")
    bare = SGR.sub("", output)
    assert "\x1b" not in bare
    assert plain(bare.replace("\r\n", "\n")) == bare.replace("\r\n", "\n")
    return bare.split("\r\n")


def documents(content: bytes) -> list[dict[str, Any]]:
    parsed: Any = json.loads(content)
    jsonschema.validate(parsed, SCHEMA, cls=jsonschema.Draft202012Validator)
    return [parsed] if isinstance(parsed, dict) else parsed


def said_in_txt(content: bytes) -> list[tuple[str, str]]:
    """Who spoke and what: flush lines name, indented lines say."""
    turns: list[tuple[str, str]] = []
    for line in content.decode().split("\n")[3:]:
        if line and not line.startswith(" "):
            turns.append((line, ""))
        elif turns:
            who, text = turns[-1]
            turns[-1] = (who, f"{text}{line[2:]}\n")
    return [(who, text.strip("\n")) for who, text in turns]


# --- what stands in them ------------------------------------------------------------------------


async def test_front_matter_tells_what_is_known(tmp_path: Path) -> None:
    await talked(tmp_path, "A gramophone plays records.", seconds=3)
    async with await StoredLibrary.open(tmp_path) as library:
        await library.tag([SESSION_ID], ["music", "old"])
    content = await written(tmp_path, [SESSION_ID], "md")
    assert front_matter(content) == {
        "title": "What?",
        "date": "2026-11-21T12:00:00.250+00:00",
        "session": SESSION_ID,
        "provider": "local",
        "model": "smollm2",
        "voice": "aura-2-thalia-en",
        "tags": ["music", "old"],
        "figures": {
            "turns": 2,
            "spoken_s": 3.0,
            "ttft_ms": 200.0,
            "ttfa_ms": 200.0,
            "response_ms": 440.0,
            "input_tokens": 12,
            "output_tokens": 6,
            "underruns": 0,
        },
    }
    assert headings(content) == ["h1 What?", "h2 0 · You", "h2 1 · smollm2"]


async def test_the_table_has_a_line_a_turn_with_its_own_model(tmp_path: Path) -> None:
    changed = SettingsChanged(
        at_us=90_000_000, provider="openai", model="gpt", voice="orion", system_prompt=""
    )
    first, second = talk("One.")[1:], spoken_exchange(first_turn=2, start_us=100_000_000)
    await record(tmp_path, [session_started(), *first, changed, *second])
    rows = table(await written(tmp_path, [SESSION_ID], "csv"))
    assert [(row["turn"], row["role"], row["voice"]) for row in rows] == [
        ("0", "user", ""),
        ("1", "assistant", "aura-2-thalia-en"),
        ("2", "user", ""),
        ("3", "assistant", "orion"),
    ]
    assert (rows[1]["text"], rows[1]["spoken_ms"], rows[1]["ttft_ms"]) == ("One.", "2000", "200.0")
    assert (rows[0]["underruns"], rows[1]["underruns"], rows[0]["withdrawn"]) == ("", "0", "false")


@pytest.mark.parametrize("name", recordings.names())
async def test_the_document_keeps_to_its_schema(name: str, tmp_path: Path) -> None:
    ids = await taken_in(tmp_path, [name])
    for pauses in (Pauses(), Pauses(real=True)):
        (document,) = documents(await written(tmp_path, ids, "json", pauses=pauses))
        assert document["duration_us"] == max(turn["end_us"] for turn in document["turns"])
        words = [
            word
            for turn in document["turns"]
            for passage in turn["passages"]
            for word in passage["words"]
        ]
        assert len(words) > 10
        assert all(one["end_us"] <= other["start_us"] for one, other in pairwise(words))


def test_the_schema_is_one_and_says_no() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    shipped = files("storage.export").joinpath("session.schema.json")
    assert shipped.read_bytes() == PUBLISHED.read_bytes()
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"format": "gramophone session"}, SCHEMA)


async def test_the_cast_streams_as_the_answer_did(tmp_path: Path) -> None:
    (session_id,) = await taken_in(tmp_path, ["long-list"])
    content = await written(tmp_path, [session_id], "cast")
    header, events = cast(content)
    async with await StoredLibrary.open(tmp_path) as library:
        session = await library.session(session_id)
    assert header["term"]["cols"] == COLUMNS
    assert header["title"] == session.summary.title
    assert header["timestamp"] > 1_700_000_000
    assert [data for _, code, data in events if code == "m"] == [plain_line(session.turns[0].text)]
    assert sum(1 for interval, *_ in events if interval) > 100
    words = " ".join(" ".join(screen(content)).split())
    assert " ".join(plain(session.turns[1].text).split()) in words
    assert all(len(line) <= COLUMNS for line in screen(content))


# --- several, and parts -------------------------------------------------------------------------


async def test_several_sessions_stand_in_one_file(tmp_path: Path) -> None:
    ids = await taken_in(tmp_path, ["short-answer", "interrupted", "reconnect"])
    files = {form: await written(tmp_path, ids, form) for form in FORMS}
    assert [document["id"] for document in documents(files["json"])] == ids
    alone = [documents(await written(tmp_path, [session_id], "json"))[0] for session_id in ids]
    assert documents(files["json"]) == alone
    assert list(dict.fromkeys(row["session"] for row in table(files["csv"]))) == ids
    assert [heading[:2] for heading in headings(files["md"])] == ["h1", "h2", "h2"] * 3
    assert front_matter(files["md"])["session"] == ids[0]
    blocks = re.findall(r"^```yaml\n(.*?)^```$", files["md"].decode(), re.DOTALL | re.MULTILINE)
    assert [yaml.safe_load(block)["session"] for block in blocks] == ids[1:]
    titles = re.findall(r"^(.+)\n=+$", files["txt"].decode(), re.MULTILINE)
    assert titles == [document["title"] for document in alone]
    bold = [re.match("\x1b\\[1m(.*?)\x1b", data) for *_, data in cast(files["cast"])[1]]
    assert [match_[1] for match_ in bold if match_] == titles


async def test_every_form_has_the_whole_text_and_says_how_far_it_was_heard(tmp_path: Path) -> None:
    ids = await taken_in(tmp_path, ["interrupted"])
    remark = "heard up to character 81 of 451"
    for form in ("txt", "md", "cast"):
        assert remark in (await written(tmp_path, ids, form)).decode(), form
    (document,) = documents(await written(tmp_path, ids, "json"))
    assert [turn["heard_characters"] for turn in document["turns"]] == [None, 81]
    assert len(document["turns"][1]["text"]) == 451
    rows = table(await written(tmp_path, ids, "csv"))
    assert [row["heard_characters"] for row in rows] == ["", "81"]
    page = (await written(tmp_path, ids, "html")).decode()
    assert remark in page
    unheard = re.findall(r'<span class="w unheard"[^>]*>(.*?)</span>', page)
    assert unheard[0] == "the"
    assert len(unheard) == len(document["turns"][1]["text"][81:].split())


async def test_a_part_is_what_was_asked_for(tmp_path: Path) -> None:
    await talked(tmp_path, "One.", "Two.", "Three.")
    for cut in (
        TurnSelection(frozenset({3})),
        TurnSelection(from_us=123_000_000, to_us=123_500_000),
    ):
        assert [
            r["text"] for r in table(await written(tmp_path, [SESSION_ID], "csv", cut=cut))
        ] == ["Two."]
        (document,) = documents(await written(tmp_path, [SESSION_ID], "json", cut=cut))
        assert [turn["turn"] for turn in document["turns"]] == [3]
        assert said_in_txt(await written(tmp_path, [SESSION_ID], "txt", cut=cut)) == [
            ("smollm2:", "Two.")
        ]


def taken_back_and_repeated() -> list[Event]:
    """An answer, the same spoken again, and a question that was taken back with its answer."""
    again: list[Event] = [
        TurnStarted(at_us=70_000_000, turn=2, role="assistant", text="One.", repeats=1),
        TurnCompleted(
            at_us=71_000_000, turn=2, role="assistant", text="One.", finish_reason="repeated"
        ),
    ]
    more = spoken_exchange("Two?", "Two.", first_turn=3, start_us=80_000_000, frames=(SECOND,))
    return [*talk("One."), *again, *more, HistoryRewound(at_us=99_000_000, to_turn=3)]


async def test_turns_that_do_not_count_are_left_out_or_marked(tmp_path: Path) -> None:
    await record(tmp_path, taken_back_and_repeated())
    back = TurnSelection(withdrawn=True)
    files = {form: await written(tmp_path, [SESSION_ID], form) for form in FORMS}
    every = {form: await written(tmp_path, [SESSION_ID], form, cut=back) for form in FORMS}
    assert said_in_txt(files["txt"]) == [("You:", "What?"), ("smollm2:", "One.")]
    assert headings(files["md"]) == ["h1 What?", "h2 0 · You", "h2 1 · smollm2"]
    assert [row["finish_reason"] for row in table(files["csv"])] == ["sent", "stop", "repeated"]
    assert [turn["turn"] for turn in documents(files["json"])[0]["turns"]] == [0, 1, 2]
    assert "(spoken again)" in screen(files["cast"])
    assert said_in_txt(every["txt"])[2:] == [
        ("You (taken back):", "Two?"),
        ("smollm2 (taken back):", "Two."),
    ]
    assert headings(every["md"])[3:] == ["h2 3 · You (taken back)", "h2 4 · smollm2 (taken back)"]
    assert [row["withdrawn"] for row in table(every["csv"])] == ["false"] * 3 + ["true"] * 2
    assert screen(every["cast"]).count("(taken back)") == 2


async def test_emoji_alone_and_no_sound_are_no_trouble(tmp_path: Path) -> None:
    talking = spoken_exchange("👋", "👍🏽", frames=())
    silent: list[Event] = [event for event in talking if not isinstance(event, TextSpoken)]
    await record(tmp_path, [session_started(), *silent, SessionEnded(at_us=9_000_000)])
    files = {form: await written(tmp_path, [SESSION_ID], form) for form in FORMS}
    assert said_in_txt(files["txt"]) == [("You:", "👋"), ("smollm2:", "👍🏽")]
    assert "> 👍🏽" in files["md"].decode().splitlines()
    (one,) = documents(files["json"])
    assert [(turn["text"], turn["passages"]) for turn in one["turns"]] == [("👋", []), ("👍🏽", [])]
    assert [row["text"] for row in table(files["csv"])] == ["👋", "👍🏽"]
    assert "👍🏽" in screen(files["cast"])


async def test_a_session_without_turns_is_whole(tmp_path: Path) -> None:
    await record(tmp_path, [session_started(), SessionEnded(at_us=1)])
    files = {form: await written(tmp_path, [SESSION_ID], form) for form in FORMS}
    assert documents(files["json"])[0]["turns"] == []
    assert table(files["csv"]) == []
    assert headings(files["md"]) == [f"h1 Session {SESSION_ID}"]
    assert screen(files["cast"])[0] == f"Session {SESSION_ID}"
    assert files["txt"].decode().startswith(f"Session {SESSION_ID}\n")


# --- hostile text -------------------------------------------------------------------------------


async def nothing_is_forged(home: Path, hostile: str) -> None:
    """Said in a question, an answer, a title and the names of things, it stays what was said."""
    named = session_started(model=hostile, voice=hostile, provider=hostile)
    await record(home, [named, *talk(hostile, question=hostile)[1:], SessionEnded(at_us=10**9)])
    files = {form: await written(home, [SESSION_ID], form) for form in FORMS}
    async with await StoredLibrary.open(home) as library:
        session = await library.session(SESSION_ID)
    texts = [turn.text for turn in session.turns]
    assert [turn["text"] for turn in documents(files["json"])[0]["turns"]] == texts
    name = plain_line(hostile) or "Answer"
    bare = [plain(text).strip("\n").rstrip() for text in texts]
    assert [who for who, _ in said_in_txt(files["txt"])] == ["You:", f"{name}:"]
    for (_, text), expected in zip(said_in_txt(files["txt"]), bare, strict=True):
        assert text.split() == expected.split()
    matter = front_matter(files["md"])
    assert list(matter) == [
        "title", "date", "session", "provider", "model", "voice", "tags", "figures",
    ]  # fmt: skip
    assert matter["model"] == plain_line(session.summary.model)
    heads = [re.sub(r"\\([^\w\s]|_)", r"\1", heading) for heading in headings(files["md"])]
    assert heads[1:] == ["h2 0 · You", f"h2 1 · {name}"]
    rows = table(files["csv"])
    assert len(rows) == 2
    for row in rows:
        assert row["text"].removeprefix("'") == plain(session.turns[0].text).removeprefix("'")
        for cell in row.values():
            assert not cell.lstrip().startswith(("=", "+", "-", "@"))
    terminal = "".join(screen(files["cast"]))
    assert "".join(bare[1].split()) in "".join(terminal.split())


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_text_stays_text(text: str, tmp_path: Path) -> None:
    await nothing_is_forged(tmp_path, text)


ANY = st.text(
    st.one_of(st.sampled_from("ab \n\r\t#>-=`~<>!/\\[](){}|*_:&;'\",+@0.\x1b\x07\x00\u2028"),
              st.characters()),
    min_size=1,
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(ANY)
async def test_any_text_stays_text(text: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        await nothing_is_forged(Path(directory), text)


MARKS = st.lists(
    st.sampled_from(
        ["<b>", "<!--", "</p>", "<?x", "\\", "`", "``", "```", "~~~", "\n", "\n\n", "    ", "- ",
         "> ", "1. ", "[a](", ")", "]", "|", "|-|\n", "# ", "a", " ", "<https://a.b>", "&lt;", "]:"]
    ),
    max_size=30,
).map("".join)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(MARKS)
def test_no_html_is_left_and_code_stays_code(text: str) -> None:
    harmless = without_html(text)
    for tables in (False, True):
        parser = MarkdownIt("commonmark")
        for token in (parser.enable("table") if tables else parser).parse(harmless):
            for part in (token, *(token.children or ())):
                assert not part.type.startswith("html")
    assert harmless.replace("&lt;", "<") == text.replace("&lt;", "<")


@pytest.mark.parametrize(
    "text",
    [
        "```cpp\nstd::vector<int> x;\n```",
        "1. Do so:\n\n   ```html\n   <b>bold</b>\n   ```",
        "Use `std::vector<int>` and ``a<b`c``.",
        "    <i>indented</i>",
        "2 < 3 and a <- b",
        "\\<b> is said",
    ],
)
def test_code_is_shown_as_it_is(text: str) -> None:
    assert without_html(text) == text


def test_html_becomes_what_it_looks_like() -> None:
    assert without_html("<b>x</b> `<i>`") == "&lt;b>x&lt;/b> `<i>`"
    assert without_html("a `\n`<b>` c") == "a `\n`&lt;b>` c"

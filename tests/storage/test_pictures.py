"""Pictures of questions in the library: stored once, read back, carried along, and gone."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from base64 import b64decode, b64encode
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from gramophone.core.clock import wall_clock
from gramophone.core.errors import StorageError
from gramophone.core.timeline import PictureAttached
from gramophone.library.export_request import ExportRequest
from gramophone.ports.stored_turns import message_of
from storage.bundle.reader import read_bundle
from storage.home import Home
from storage.library import StoredLibrary
from storage.maintenance.backup import back_up
from storage.maintenance.salvage import salvage
from storage.sqlite.database import APPLICATION_ID
from storage.sqlite.schema import MIGRATIONS, migrate
from tests.support.bundles import build, export, parts_of
from tests.support.picture_files import picture, png
from tests.support.picture_sessions import CAT, DOG, attached, pictured_session
from tests.support.recordings import NOON, SESSION_ID, everything_in, opened, record

BEFORE = 11
"""The schema before the first with pictures."""

OLDER_ID = "ab" * 8
FILES = {CAT.sha256: CAT.content, DOG.sha256: DOG.content}


@pytest.fixture
async def home(tmp_path: Path) -> Path:
    """A library with one session that has pictures."""
    await record(tmp_path / "home", pictured_session())
    return tmp_path / "home"


async def require_pictures(home: Path, session_id: str = SESSION_ID) -> None:
    """Make sure that the session has its pictures, and that all is well with the library."""
    async with await StoredLibrary.open(home) as library:
        session = await library.session(session_id)
        assert [turn.pictures for turn in session.turns] == [(CAT, DOG), (), (CAT,), ()]
        assert await library.pictures(session_id) == FILES
        assert await library.verify() == []


# --- the recording --------------------------------------------------------------------------------


async def test_a_session_comes_back_with_its_pictures(home: Path) -> None:
    await require_pictures(home)
    async with await StoredLibrary.open(home) as library:
        assert await library.events(SESSION_ID) == pictured_session()


async def test_a_picture_that_is_shown_twice_is_stored_once(home: Path) -> None:
    with opened(home) as database:
        (count,) = database.execute("SELECT count(*) FROM picture").fetchone()
    assert count == 2


async def test_secrets_are_hidden_in_names_and_not_in_hashes(tmp_path: Path) -> None:
    shown = picture("sk-secret-key.png")
    events = pictured_session()
    await record(
        tmp_path,
        [*events[:2], attached(0, shown), *events[4:]],
        secrets=("sk-secret-key", shown.sha256),
    )
    async with await StoredLibrary.open(tmp_path) as library:
        (stored,) = (await library.session(SESSION_ID)).turns[0].pictures
        assert "secret" not in stored.name
        assert await library.pictures(SESSION_ID) == {
            stored.sha256: shown.content,
            **{CAT.sha256: CAT.content},
        }


async def test_a_turn_goes_on_as_a_message_with_its_pictures(home: Path) -> None:
    async with await StoredLibrary.open(home) as library:
        first = (await library.session(SESSION_ID)).turns[0]
    message = message_of(first, FILES)
    assert [shown.content for shown in message.pictures] == [CAT.content, DOG.content]
    lost = message_of(first, {DOG.sha256: DOG.content})
    assert lost.pictures == (DOG,)
    assert lost.text == "Which is which?\n[picture: cat.png, 64×48]"


async def test_nothing_is_left_of_a_deleted_session(home: Path) -> None:
    assert any(CAT.content in content for content in everything_in(home).values())
    async with await StoredLibrary.open(home) as library:
        await library.delete(SESSION_ID)
        assert await library.verify() == []
    with opened(home) as database:
        assert database.execute("SELECT count(*) FROM picture").fetchone() == (0,)
    left = everything_in(home).values()
    assert not any(CAT.content in content or DOG.content in content for content in left)


async def test_a_library_from_before_pictures_gets_their_table(tmp_path: Path) -> None:
    path = Home.at(tmp_path).database
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        migrate(database, wall_clock, MIGRATIONS[:BEFORE])
        database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        database.execute(
            "INSERT INTO session (number, id, created_at, provider, model, voice, encoding, "
            "sample_rate_hz, system_prompt, format_version, ended) "
            "VALUES (1, ?, '2026-11-21T12:00:00.000+00:00', 'p', 'm', 'v', 'linear16', 48000, "
            "'', 1, 1)",
            (OLDER_ID,),
        )
    async with await StoredLibrary.open(tmp_path) as library:
        assert (await library.session(OLDER_ID)).turns == ()
        assert await library.pictures(OLDER_ID) == {}
    await record(tmp_path, pictured_session())
    await require_pictures(tmp_path)


async def test_what_is_lost_or_changed_is_found(home: Path) -> None:
    with opened(home) as database:
        database.execute("DELETE FROM picture WHERE sha256 = ?", (DOG.sha256,))
        database.execute("UPDATE picture SET content = x'00'")
    async with await StoredLibrary.open(home) as library:
        details = [finding.detail for finding in await library.verify()]
    assert details == [
        "The picture dog.jpg of turn 0 is missing.",
        f"A picture is not what was attached: its hash is not {CAT.sha256}.",
    ]


# --- copies ---------------------------------------------------------------------------------------


async def test_a_backup_has_them(home: Path, tmp_path: Path) -> None:
    back_up(Home.at(home), tmp_path / "copy")
    await require_pictures(tmp_path / "copy")


async def test_a_salvaged_library_has_them(home: Path, tmp_path: Path) -> None:
    with opened(home) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    salvaged = salvage(Home.at(home), tmp_path / "new", now=NOON, new_id=lambda: "ab" * 8)
    assert salvaged.lost_rows == 0
    await require_pictures(tmp_path / "new")


async def test_a_bundle_has_them(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "s.gramophone"
    await export(home, path)
    async with await StoredLibrary.open(tmp_path / "other") as library:
        await library.import_bundle(path)
    await require_pictures(tmp_path / "other")
    _, events = read_bundle(path)
    shown = [event for event in events if isinstance(event, PictureAttached)]
    assert [event.content for event in shown] == [CAT.content, DOG.content, CAT.content]


async def test_only_a_bundle_with_pictures_needs_a_newer_reader(home: Path, tmp_path: Path) -> None:
    await record(tmp_path / "plain")
    versions: list[int] = []
    for number, library in enumerate((home, tmp_path / "plain")):
        path = tmp_path / f"{number}.gramophone"
        await export(library, path)
        with zipfile.ZipFile(path) as bundle:
            versions.append(json.loads(bundle.read("manifest.json"))["version"])
    assert versions == [2, 1]


def without_a_picture(parts: dict[str, bytes]) -> None:
    del parts[f"pictures/{CAT.sha256}.png"]


def with_another(parts: dict[str, bytes]) -> None:
    parts[f"pictures/{CAT.sha256}.png"] = png(9, 9)


def of_another_type(parts: dict[str, bytes]) -> None:
    parts["events.jsonl"] = parts["events.jsonl"].replace(b"image/png", b"image/svg+xml")


def with_a_path(parts: dict[str, bytes]) -> None:
    parts[f"pictures/../{CAT.sha256}.png"] = CAT.content


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (without_a_picture, "names a picture that is not there"),
        (with_another, "is not the picture of that name"),
        (of_another_type, "has an unusable media_type"),
        (with_a_path, "a part that no bundle has"),
    ],
)
async def test_a_bundle_that_lies_is_refused_whole(
    home: Path, tmp_path: Path, change: Callable[[dict[str, bytes]], None], reason: str
) -> None:
    path = tmp_path / "s.gramophone"
    await export(home, path)
    parts = parts_of(path)
    change(parts)
    build(path, parts)
    async with await StoredLibrary.open(tmp_path / "other") as library:
        with pytest.raises(StorageError, match=reason):
            await library.import_bundle(path)
        assert await library.sessions() == []


async def test_no_bundle_is_made_without_a_picture(home: Path, tmp_path: Path) -> None:
    with opened(home) as database:
        database.execute("DELETE FROM picture WHERE sha256 = ?", (DOG.sha256,))
    with pytest.raises(StorageError, match=r"The picture dog\.jpg of turn 0 is missing"):
        await export(home, tmp_path / "s.gramophone")


# --- exports --------------------------------------------------------------------------------------


async def exported(home: Path, form: str) -> str:
    path = home / f"out.{form}"
    async with await StoredLibrary.open(home) as library:
        await library.export([SESSION_ID], ExportRequest(form, path, replace=True))  # pyright: ignore[reportArgumentType]
    return path.read_text(encoding="utf-8")


def uri(content: bytes, media_type: str) -> str:
    return f"data:{media_type};base64,{b64encode(content).decode()}"


async def test_a_text_names_them(home: Path) -> None:
    text = await exported(home, "txt")
    assert "  Which is which?\n  [picture: cat.png, 64×48]\n  [picture: dog.jpg, 8×6]\n" in text


async def test_markdown_shows_them_and_has_their_files_at_the_end(home: Path) -> None:
    text = await exported(home, "md")
    assert "\n![cat.png, 64×48][picture-0-1]\n" in text
    assert f"\n[picture-0-2]: {uri(DOG.content, 'image/jpeg')}\n" in text
    assert text.index("[picture-0-1]: ") > text.index("Yes.")


async def test_a_page_shows_them(home: Path) -> None:
    page = await exported(home, "html")
    assert f'src="{uri(CAT.content, "image/png")}"' in page
    assert 'alt="cat.png, 64×48"' in page


async def test_json_lines_have_each_file_once(home: Path) -> None:
    lines = [json.loads(line) for line in (await exported(home, "jsonl")).splitlines()]
    shown = [line for line in lines if line["event"] == "PictureAttached"]
    assert [line["name"] for line in shown] == ["cat.png", "dog.jpg", "cat.png"]
    assert [b64decode(line.get("content_base64", "")) for line in shown] == [
        CAT.content,
        DOG.content,
        b"",
    ]


async def test_a_document_tells_of_them(home: Path) -> None:
    turns = json.loads(await exported(home, "json"))["turns"]
    assert turns[2]["pictures"] == [
        {
            "name": "cat.png",
            "media_type": "image/png",
            "width": 64,
            "height": 48,
            "bytes": CAT.file_bytes,
            "sha256": CAT.sha256,
        }
    ]


@pytest.mark.parametrize("form", ["md", "html", "txt"])
async def test_a_name_cannot_break_out_of_its_place(form: str, tmp_path: Path) -> None:
    hostile = '"><script>x</script>](javascript:1)\n## Turn\x1b[2J.png'
    event = replace(attached(0, picture()), name=hostile)
    events = pictured_session()
    await record(tmp_path, [*events[:2], event, *events[4:]])
    text = await exported(tmp_path, form)
    assert "\x1b" not in text
    assert "\n## Turn" not in text
    assert form == "txt" or "<script>x" not in text
    assert form != "md" or r"\](javascript:1)" in text

"""Data exports become sessions: found, searched, gone on with; the same one twice is one."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from gramophone.core.errors import StorageError
from gramophone.core.timeline import SettingsChanged, TurnStarted
from gramophone.library.export_request import ExportRequest
from storage.chat_import.archive import is_export
from storage.chat_import.importer import ChatImportResult
from storage.library import StoredLibrary
from tests.support.builders import short_session
from tests.support.chat_exports import EXPORTS, exported
from tests.support.recordings import SESSION_ID, record
from tests.support.taken_back import session as recorded

LIGHTHOUSE = "5f0c1d2e00004000800000000000a001"
BREAD = "5f0c1d2e00004000800000000000a002"


def written(directory: Path, values: Any) -> Path:
    path = directory / "named anyhow"
    path.write_text(json.dumps(values))
    return path


def packed(directory: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    path = directory / "packed"
    with zipfile.ZipFile(path, "w", method) as file:
        for name, text in members.items():
            file.writestr(name, text)
    return path


async def taken(home: Path, path: Path) -> ChatImportResult:
    async with await StoredLibrary.open(home) as library:
        return await library.import_chats(path)


async def test_conversations_become_sessions(tmp_path: Path) -> None:
    result = await taken(tmp_path / "home", EXPORTS / "chatgpt.json")
    assert result == ChatImportResult((BREAD, LIGHTHOUSE), (), (), 1, ())
    async with await StoredLibrary.open(tmp_path / "home") as library:
        listed = await library.sessions()
        assert [summary.id for summary in listed] == [LIGHTHOUSE, BREAD], "the newest is on top"
        session = await library.session(LIGHTHOUSE)
        assert (session.summary.title, session.summary.created_at) == (
            "The old lighthouse",
            "2026-01-01T00:00:00.250+00:00",
        )
        assert (session.summary.provider, session.summary.model) == ("chatgpt", "gpt-5")
        assert [turn.started_us for turn in session.turns] == sorted(
            turn.started_us for turn in session.turns
        )
        assert session.turns[0].started_us == 20_000_000
        assert all(turn.counts and turn.audio is None for turn in session.turns)
        events = await library.events(LIGHTHOUSE)
        (changed,) = [event for event in events if isinstance(event, SettingsChanged)]
        assert changed.model == "gpt-5"
        questions = [event.text for event in events if isinstance(event, TurnStarted)]
        assert questions == [turn.text for turn in session.turns]
        assert [summary.id for summary in await library.sessions(search="sourdough")] == [BREAD]
        figures = await library.statistics()
        assert {(key.model, tally.turns) for key, tally in figures.tallies.items()} == {
            ("gpt-4o", 1),
            ("gpt-5", 2),
            ("gpt-4o-mini", 1),
        }
        assert await library.verify() == []


async def test_a_bundle_of_one_comes_back_as_it_was(tmp_path: Path) -> None:
    await taken(tmp_path / "home", EXPORTS / "claude.json")
    path = tmp_path / "one.gramophone"
    async with await StoredLibrary.open(tmp_path / "home") as library:
        there = (await library.sessions())[0].id
        before = await library.session(there)
        await library.export([there], ExportRequest("bundle", path))
    assert not is_export(path)
    async with await StoredLibrary.open(tmp_path / "other") as library:
        assert (await library.import_bundle(path)).session_id == there
        assert (await library.session(there)).turns == before.turns
        # And the export it came from knows it again.
        result = await library.import_chats(EXPORTS / "claude.json")
        assert there in result.already


async def test_the_same_twice_is_there_already(tmp_path: Path) -> None:
    await taken(tmp_path / "home", EXPORTS / "chatgpt.json")
    async with await StoredLibrary.open(tmp_path / "home") as library:
        await library.discard([BREAD])
        result = await library.import_chats(EXPORTS / "chatgpt.json")
        assert (result.new, result.refreshed, len(result.already)) == ((), (), 2)
        assert len(await library.sessions()) == 2, "what was deleted just now is back"
        again = await library.import_chats(
            EXPORTS / "chatgpt.json", new_id=iter(["ab", "cd"]).__next__
        )
        assert set(again.new) == {"ab", "cd"}


async def test_one_that_went_on_is_refreshed_and_keeps_what_its_owner_did(tmp_path: Path) -> None:
    values = exported("claude.json")
    home = tmp_path / "home"
    older = [values[0] | {"chat_messages": values[0]["chat_messages"][:2]}]
    older[0]["current_leaf_message_uuid"] = "m2"
    await taken(home, written(tmp_path, older))
    async with await StoredLibrary.open(home) as library:
        (there,) = await library.sessions()
        await library.rename(there.id, "Mine")
        await library.tag([there.id], ["river"])
        result = await library.import_chats(written(tmp_path, values))
        assert result.refreshed == (there.id,)
        session = await library.session(there.id)
        assert (session.summary.title, session.summary.tags, session.summary.turns) == (
            "Mine",
            ("river",),
            5,
        )
        assert [summary.id for summary in await library.sessions(search="kilometres")] == [there.id]
        # An older export takes nothing away.
        result = await library.import_chats(written(tmp_path, older))
        assert (result.refreshed, result.already) == ((), (there.id,))
        assert (await library.session(there.id)).turns == session.turns
        assert await library.verify() == []


async def test_a_session_that_was_spoken_here_is_never_replaced(tmp_path: Path) -> None:
    await record(tmp_path / "home", recorded())
    values = exported("chatgpt.json")[:1]
    values[0] |= {"id": SESSION_ID, "conversation_id": SESSION_ID}
    async with await StoredLibrary.open(tmp_path / "home") as library:
        before = await library.session(SESSION_ID)
        await library.import_chats(written(tmp_path, values))
        assert (await library.session(SESSION_ID)).turns == before.turns


async def test_a_broken_conversation_is_lost_alone(tmp_path: Path) -> None:
    good, other, _ = (json.dumps(chat) for chat in exported("chatgpt.json"))
    circle = '{"mapping": {"a": {"parent": "a"}}, "current_node": "a"}'
    path = tmp_path / "export"
    path.write_text(f'[{good}, {{"mapping": nonsense}}, {circle}, 3, "x", {other}, {{"mapp')
    result = await taken(tmp_path / "home", path)
    assert result.new == (BREAD, LIGHTHOUSE)
    assert result.broken == (
        "Conversation 2 was left out: it is not valid JSON.",
        "Conversation 3 was left out: its messages go round in a circle.",
        "Conversation 5 was left out: the file ends in the middle of it.",
    )


async def test_a_zip_is_taken_by_what_is_in_it(tmp_path: Path) -> None:
    text = (EXPORTS / "chatgpt.json").read_bytes()
    other = (EXPORTS / "claude.json").read_bytes()
    path = packed(
        tmp_path,
        {
            "../../conversations-000.json": text,
            "deep/conversations-001.json": other,
            "user.json": b'{"id": "u"}',
            "chat.html": b"<html>",
            "twice.json": text,
        },
    )
    assert is_export(path)
    result = await taken(tmp_path / "home", path)
    assert (len(result.new), result.empty, result.broken) == (4, 3, ())
    assert sorted(file.name for file in (tmp_path / "home").iterdir()) == sorted(
        ["audio", "library.db", "library.reserve", "locks", "redaction.key"]
    )


async def test_what_is_no_export_is_refused(tmp_path: Path) -> None:
    bomb = packed(tmp_path, {"a.json": b"[" + b" " * (90 << 20) + b"]"})
    damaged = tmp_path / "damaged"
    (tmp_path / "other").mkdir()
    whole = packed(tmp_path / "other", {"a.json": (EXPORTS / "claude.json").read_bytes()})
    damaged.write_bytes(whole.read_bytes()[:900] + b"\0" * 40 + whole.read_bytes()[940:])
    none = written(tmp_path, [{"id": 1}, {"mapp": {}}])
    for path, words in (
        (damaged, "damaged"),
        (none, "holds no conversations"),
        (tmp_path / "gone", "No such file"),
    ):
        with pytest.raises(StorageError, match=words):
            await taken(tmp_path / "home", path)
    with pytest.raises(StorageError, match="far more than an export"):
        await taken(tmp_path / "home", bomb)
    async with await StoredLibrary.open(tmp_path / "home") as library:
        assert await library.sessions() == []


async def test_what_is_hidden_in_recordings_is_hidden_here(tmp_path: Path) -> None:
    values = exported("chatgpt.json")[1:2]
    parts = values[0]["mapping"]["u"]["message"]["content"]
    parts["parts"] = ["My key is sk-abcdefghijklmnopqrstuvwx, and half of one is \ud83d."]
    values[0]["title"] = "Key sk-abcdefghijklmnopqrstuvwx"
    path = written(tmp_path, values)
    await taken(tmp_path / "home", path)
    async with await StoredLibrary.open(tmp_path / "home") as library:
        session = await library.session(BREAD)
        assert "sk-abc" not in session.turns[0].text + session.summary.title
        assert "***" in session.turns[0].text
        result = await library.import_chats(path)
        assert result.already == (BREAD,)
    for file in (tmp_path / "home").glob("library.db*"):
        assert b"sk-abcdefgh" not in file.read_bytes()


async def test_it_stops_when_it_is_told_to(tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise StorageError("stopped")

    async with await StoredLibrary.open(tmp_path / "home") as library:
        with pytest.raises(StorageError, match="stopped"):
            await library.import_chats(EXPORTS / "chatgpt.json", progress=stop)
        assert await library.sessions() == []
        assert (await library.import_chats(EXPORTS / "chatgpt.json")).new == (BREAD, LIGHTHOUSE)


async def test_an_import_does_not_push_the_talks_of_today_down(tmp_path: Path) -> None:
    home = tmp_path / "home"
    await record(home, short_session("aa"))
    async with await StoredLibrary.open(home) as library:
        await library.import_chats(EXPORTS / "chatgpt.json")
        await record(home, short_session("bb"))
        listed = await library.sessions()
        assert [summary.id for summary in listed[:2]] == ["bb", "aa"]
        dates = [summary.created_at for summary in listed]
        assert dates == sorted(dates, reverse=True)
        assert len(listed) > 3
        await library.import_chats(EXPORTS / "claude.json")
        assert await library.resolve("last") == "bb"
        assert (await library.prompts(limit=1)) == (await library.prompts(limit=9))[:1]
        said_here = (await library.session("bb")).turns[0].text
        assert (await library.prompts(limit=2)) == [said_here, said_here]

        await library.pin([listed[-1].id])
        whole = [summary.id for summary in await library.sessions()]
        assert whole[0] == listed[-1].id
        for limit in (1, 2, 3):
            pages: list[str] = []
            while page := await library.sessions(
                limit=limit, older_than=pages[-1] if pages else None
            ):
                pages += [summary.id for summary in page]
            assert pages == whole

"""Exports larger than any service makes: refused, or left out, and the rest comes in."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gramophone.core.errors import StorageError
from storage.chat_import.archive import MOST_JSON_MEMBERS, MOST_VALUES, is_export
from storage.chat_import.importer import MOST_CHATS, ChatImportResult, import_chats
from storage.chat_import.json_spans import LARGEST_BYTES
from storage.chat_import.zip_directory import MOST_MEMBERS
from storage.home import Home
from storage.maintenance.verify import verify

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def chat(number: int, text: str = "Hello?", **more: Any) -> dict[str, Any]:
    messages = [{"uuid": "a", "sender": "human", "text": text}]
    return {"uuid": f"chat {number}", "name": "x", "chat_messages": messages, **more}


def taken(home: Path, path: Path) -> ChatImportResult:
    assert is_export(path)
    return import_chats(Home.at(home), path, now=NOW, progress=lambda _, __: None)


def file_of(tmp_path: Path, chats: Sequence[Any]) -> Path:
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps(chats, ensure_ascii=False), encoding="utf-8")
    return path


def refused(tmp_path: Path, path: Path, match: str) -> None:
    with pytest.raises(StorageError, match=match):
        taken(tmp_path / "home", path)
    assert list(verify(Home.at(tmp_path / "home"))) == []
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted({"home", path.name})


@pytest.mark.parametrize(
    ("large", "reason"),
    [
        (chat(1, more=[{}] * MOST_VALUES), "it has more than 200,000 values"),
        (chat(1, text="x" * LARGEST_BYTES), "it is larger than 16 MiB"),
        (chat(1, text="x" * (LARGEST_BYTES * 2 // 3) + "😀"), "it is larger than 8 MiB"),
        (chat(1, text="x" * (5 << 20)), "one of its messages is too long"),
    ],
    ids=["values", "size", "width", "message"],
)
def test_a_large_conversation_is_left_out(
    tmp_path: Path, large: dict[str, Any], reason: str
) -> None:
    result = taken(tmp_path / "home", file_of(tmp_path, [chat(0), large, chat(2)]))
    assert len(result.new) == 2
    assert result.broken == (f"Conversation 2 was left out: {reason}.",)


def test_too_many_conversations(tmp_path: Path) -> None:
    path = file_of(tmp_path, [{"mapping": 1}] * (MOST_CHATS + 1))
    refused(tmp_path, path, "holds more than 100,000 conversations; cut it into parts")


@pytest.mark.parametrize(
    ("count", "suffix", "message"),
    [
        (MOST_MEMBERS + 1, ".png", "it holds more than 50,000 files"),
        (MOST_JSON_MEMBERS + 1, ".json", "it holds more than 500 files of JSON"),
    ],
)
def test_a_zip_of_too_many_files(tmp_path: Path, count: int, suffix: str, message: str) -> None:
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for number in range(count):
            packed.writestr(zipfile.ZipInfo(f"{number}{suffix}"), b"[]")
    refused(tmp_path, path, message)


def test_a_zip_with_a_comment_or_something_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    path.write_bytes(b"PK and more")
    with zipfile.ZipFile(path, "a") as packed:
        packed.writestr("conversations.json", json.dumps([chat(0)]))
        packed.comment = b"made by somebody"
    assert len(taken(tmp_path / "home", path).new) == 1

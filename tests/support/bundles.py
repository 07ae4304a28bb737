"""Makes bundles, whole ones and bad ones, for the tests beside it."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gramophone.library.export_request import ExportRequest
from storage.bundle.container import ContainerWriter
from storage.bundle.layout import MANIFEST
from storage.library import StoredLibrary
from tests.support.recordings import SESSION_ID


async def export(
    home: Path, path: Path, *, session_id: str = SESSION_ID, compress: bool = False
) -> bytes:
    """Export a session of a library; the file's bytes."""
    async with await StoredLibrary.open(home) as library:
        await library.export(
            [session_id], ExportRequest("bundle", path, replace=True, compress=compress)
        )
    return bytes_of(path)


def bytes_of(path: Path) -> bytes:
    return path.read_bytes()


def names_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def parts_of(path: Path) -> dict[str, bytes]:
    """The parts by name, without the manifest."""
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist() if name != MANIFEST}


def build(path: Path, parts: Mapping[str, bytes]) -> Path:
    """A bundle of these parts, whose manifest is right."""
    with path.open("wb") as file:
        container = ContainerWriter(file)
        for name, data in parts.items():
            container.add(name, [data])
        container.finish()
    return path


def build_raw(path: Path, entries: list[tuple[str, bytes]], **manifest: Any) -> Path:
    """A zip of these entries and a manifest with what is said of it."""
    parts = [
        {"name": name, "size_bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in entries
    ]
    fields = {"format": "gramophone bundle", "version": 1, "parts": parts} | manifest
    with zipfile.ZipFile(path, "w") as file:
        for name, data in entries:
            file.writestr(zipfile.ZipInfo(name), data)
        file.writestr(zipfile.ZipInfo(MANIFEST), json.dumps(fields))
    return path

"""What killed commands left is swept by the next one of its kind, and by `gc`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gramophone.config.file_writer import write_setting
from gramophone.library.export_request import ExportRequest
from gramophone.system.temporary_files import make_directory, make_file, make_scratch
from storage.home import Home
from storage.library import StoredLibrary
from storage.maintenance.backup import back_up
from storage.maintenance.gc import examine, reclaim
from storage.maintenance.salvage import salvage
from tests.support.recordings import NOON, SESSION_ID, record


def left_by_a_killed_command(directory: Path) -> list[Path]:
    """As after a SIGKILL: names of ours whose locks nobody holds."""
    temporary = [make_file(directory / "talk.mp3"), make_directory(directory / "backup")]
    (temporary[1][1] / "library.db").write_text("words")
    for descriptor, _ in temporary:
        os.close(descriptor)
    return [path for _, path in temporary]


def there(paths: list[Path]) -> list[Path]:
    return [path for path in paths if path.exists()]


async def test_an_export_sweeps_where_it_writes(tmp_path: Path) -> None:
    await record(tmp_path / "home")
    remains = left_by_a_killed_command(tmp_path)
    descriptor, living = make_file(tmp_path / "other.mp3")
    async with await StoredLibrary.open(tmp_path / "home") as library:
        await library.export([SESSION_ID], ExportRequest(form="txt", path=tmp_path / "out.txt"))
    assert there(remains) == []
    assert there([living]) == [living]
    os.close(descriptor)


async def test_a_backup_and_a_recovery_sweep_beside_themselves(tmp_path: Path) -> None:
    await record(tmp_path / "home")
    remains = left_by_a_killed_command(tmp_path)
    back_up(Home.at(tmp_path / "home"), tmp_path / "backup")
    assert there(remains) == []
    remains = left_by_a_killed_command(tmp_path)
    salvage(Home.at(tmp_path / "home"), tmp_path / "new", now=NOON, new_id=str)
    assert there(remains) == []


async def test_an_earlier_backup_that_was_moved_aside_outlives_a_failure(tmp_path: Path) -> None:
    """A killed run may have moved the only whole backup aside."""
    await record(tmp_path / "home")
    remains = left_by_a_killed_command(tmp_path)

    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        back_up(Home.at(tmp_path / "home"), tmp_path / "backup", progress=stop)
    assert there(remains) == remains


def test_a_setting_sweeps_beside_the_settings(tmp_path: Path) -> None:
    remains = left_by_a_killed_command(tmp_path)
    write_setting(tmp_path / "config.toml", "theme", "nord", {"GRAMOPHONE_HOME": str(tmp_path)})
    assert there(remains) == []


async def test_gc_names_and_frees_them(tmp_path: Path) -> None:
    home = Home.at(tmp_path / "home")
    await record(home.root)
    descriptor, scratch = make_scratch(tmp_path)
    descriptor_too, living = make_scratch(tmp_path)
    os.close(descriptor)
    remains = [
        *left_by_a_killed_command(home.root),
        *left_by_a_killed_command(home.audio),
        *left_by_a_killed_command(tmp_path),
    ]
    report = examine(home, NOON, [tmp_path, tmp_path / "none"])
    assert set(report.leftovers.paths) == {*remains, scratch}
    reclaim(home, report)
    assert there([*remains, scratch, living]) == [living]
    os.close(descriptor_too)
    assert examine(home, NOON).clean

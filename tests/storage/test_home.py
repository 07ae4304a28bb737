"""Home: where files lie, and that they are the user's alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gramophone.core.errors import StorageError
from gramophone.library.export_request import ExportRequest
from storage.home import Home, is_session_id, make_private_directory, open_private
from storage.library import StoredLibrary
from tests.support.recordings import SESSION_ID, record


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o777], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.mark.usefixtures("umask")
async def test_directories_and_files_are_private_whatever_the_umask(tmp_path: Path) -> None:
    home = tmp_path / "home"
    await record(home)
    modes = {path: path.stat().st_mode & 0o777 for path in [home, *home.rglob("*")]}
    assert all(mode == (0o700 if path.is_dir() else 0o600) for path, mode in modes.items())
    assert len(modes) >= 5


async def test_files_of_the_write_ahead_log_are_private_too(tmp_path: Path) -> None:
    from storage.recording.recorder import Recorder

    async with Recorder.open(tmp_path / "home"):
        for path in (tmp_path / "home").glob("library.db*"):
            assert path.stat().st_mode & 0o777 == 0o600


def test_a_shared_directory_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "of somebody else").touch()
    tmp_path.chmod(0o755)
    Home.at(tmp_path).create()
    assert tmp_path.stat().st_mode & 0o777 == 0o755
    assert Home.at(tmp_path).audio.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("hostile", ["", "..", "../../etc", "a/b", "A0", "xyz", "a" * 65, "a\n"])
def test_only_hexadecimal_ids_name_files(hostile: str, tmp_path: Path) -> None:
    assert not is_session_id(hostile)
    with pytest.raises(StorageError, match="not a session id"):
        Home.at(tmp_path).wav(hostile, 0)


def test_a_relative_home_is_made_absolute() -> None:
    assert Home.at(Path("somewhere")).root.is_absolute()


def test_the_mode_of_what_a_link_leads_to_is_left_alone(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    elsewhere.chmod(0o755)
    home = tmp_path / "home"
    home.symlink_to(elsewhere)
    Home.at(home).create()
    assert elsewhere.stat().st_mode & 0o777 == 0o755
    assert (elsewhere / "audio").stat().st_mode & 0o777 == 0o700


async def test_a_database_behind_a_link_keeps_its_mode(tmp_path: Path) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere.db"
    elsewhere.touch(0o644)
    elsewhere.chmod(0o644)
    Home.at(home).create()
    (home / "library.db").symlink_to(elsewhere)
    await record(home)
    assert elsewhere.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("link", ["symbolic", "hard"])
def test_a_file_opened_in_the_home_is_never_one_elsewhere(link: str, tmp_path: Path) -> None:
    elsewhere, inside = tmp_path / "elsewhere", tmp_path / "inside"
    elsewhere.touch()
    elsewhere.chmod(0o644)
    if link == "symbolic":
        inside.symlink_to(elsewhere)
        with pytest.raises(OSError, match="symbolic link"):
            open_private(inside, os.O_RDWR | os.O_CREAT)
    else:
        inside.hardlink_to(elsewhere)
        os.close(open_private(inside, os.O_RDWR | os.O_CREAT))
    assert elsewhere.stat().st_mode & 0o777 == 0o644


def test_a_directory_that_is_a_link_is_left_as_it_is(tmp_path: Path) -> None:
    elsewhere, inside = tmp_path / "elsewhere", tmp_path / "inside"
    elsewhere.mkdir()
    elsewhere.chmod(0o755)
    inside.symlink_to(elsewhere)
    make_private_directory(inside)
    assert elsewhere.stat().st_mode & 0o777 == 0o755


async def test_an_export_does_not_replace_the_library(tmp_path: Path) -> None:
    home = tmp_path / "home"
    await record(home)
    async with await StoredLibrary.open(home) as library:
        for name in ("library.db", "library.db-wal"):
            order = ExportRequest("wav", home / name, replace=True)
            with pytest.raises(StorageError, match="library itself"):
                await library.export([SESSION_ID], order)
        assert len(await library.sessions()) == 1

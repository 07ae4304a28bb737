"""Home: where files lie, and that they are the user's alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gramophone.errors import StorageError
from storage.home import Home, is_session_id
from tests.storage.recordings import record


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
    from storage.recorder import Recorder

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
    with pytest.raises(StorageError, match="no session id"):
        Home.at(tmp_path).wav(hostile, 0)


def test_a_relative_home_is_made_absolute() -> None:
    assert Home.at(Path("somewhere")).root.is_absolute()

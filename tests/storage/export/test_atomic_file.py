"""Exports appear whole or not at all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gramophone.core.errors import StorageError
from storage.export.atomic_file import atomic_write


def test_the_file_is_there_when_the_block_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "out.wav"
    with atomic_write(path) as file:
        file.write(b"whole")
        assert not path.exists()
    assert path.read_bytes() == b"whole"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def write_and_fail(path: Path) -> None:
    with atomic_write(path) as file:
        file.write(b"half")
        raise ValueError("in mid-way")


def test_a_failure_leaves_what_stood_there_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "out.wav"
    path.write_bytes(b"before")
    with pytest.raises(ValueError, match="in mid-way"):
        write_and_fail(path)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def write(path: Path) -> None:
    with atomic_write(path) as file:
        file.write(b"x")


@pytest.mark.parametrize("name", ["missing/out.wav", "a directory"])
def test_a_place_that_cannot_be_written_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / "a directory").mkdir()
    with pytest.raises(StorageError, match=r"cannot be written .* another place"):
        write(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["a directory"]


# A limit on the size of files stands for a full disk, in a process of its own.
FILLED = """
import resource, sys
from pathlib import Path
from gramophone.core.errors import StorageError
from storage.export.atomic_file import atomic_write
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    with atomic_write(Path(sys.argv[1])) as file:
        file.write(bytes(100_000))
except StorageError as error:
    print(error)
"""


def test_a_full_disk_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    child = subprocess.run(
        [sys.executable, "-c", FILLED, str(tmp_path / "out.wav")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "out.wav cannot be written" in child.stdout
    assert list(tmp_path.iterdir()) == []

"""Regular files are opened; everything else is refused at once and by name."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from gramophone.system.regular_files import FileTooLarge, NotRegularFile, open_regular, read_regular


def test_a_file_is_read_and_a_link_to_it_when_it_may_be_followed(tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_bytes(b"words")
    link.symlink_to(file)
    assert read_regular(file) == read_regular(link) == b"words"
    with pytest.raises(NotRegularFile, match="is a symbolic link, not a file"):
        read_regular(link, follow=False)


def test_nobody_waits_for_a_fifo(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("fifo")
    for name in ("fifo", "link"):
        with pytest.raises(NotRegularFile, match="is a FIFO, not a file"):
            read_regular(tmp_path / name)
        with pytest.raises(NotRegularFile, match="is a FIFO, not a file"):
            open_regular(tmp_path / name, os.O_WRONLY | os.O_CREAT)


def test_directories_devices_and_sockets_are_refused(tmp_path: Path) -> None:
    (tmp_path / "zero").symlink_to("/dev/zero")
    with pytest.raises(NotRegularFile, match="is a directory"):
        read_regular(tmp_path)
    with pytest.raises(NotRegularFile, match="is a device"):
        read_regular(tmp_path / "zero")
    directory = os.open(tmp_path, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as listener:
        # By the descriptor of its directory: the path of a test may be too long for a socket.
        listener.bind(f"/proc/self/fd/{directory}/socket")
        with pytest.raises(NotRegularFile, match="is a socket"):
            read_regular(tmp_path / "socket")
    os.close(directory)


def test_what_is_missing_is_made_only_when_asked(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_regular(tmp_path / "none")
    descriptor = open_regular(tmp_path / "none", os.O_RDWR | os.O_CREAT, 0o600)
    assert os.get_blocking(descriptor)
    assert not os.get_inheritable(descriptor)
    os.close(descriptor)
    assert (tmp_path / "none").stat().st_mode & 0o777 == 0o600
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(OSError, match="levels of symbolic links"):
        read_regular(tmp_path / "loop")


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file:
        file.truncate(1 << 40)
    for most_bytes, reason in (
        (1 << 18, "is larger than 256 kB"),
        (1 << 20, "is larger than 1 MB"),
    ):
        with pytest.raises(FileTooLarge, match=reason):
            read_regular(tmp_path / "file", most_bytes=most_bytes)
    os.truncate(tmp_path / "file", 1 << 18)
    assert len(read_regular(tmp_path / "file")) == 1 << 18

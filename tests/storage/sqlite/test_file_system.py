"""What a file system offers is found by trying; network file systems are known by their mount."""

from __future__ import annotations

import errno
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from storage.home import Home
from storage.sqlite.database import journal_sentence, open_library
from storage.sqlite.file_system import Support, network_type, support, type_of, write_fault

MOUNTS = r"""
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
23 22 0:21 / /proc rw,nosuid shared:5 - proc proc rw
30 22 0:40 / /home rw,relatime shared:9 - nfs4 server:/home rw,vers=4.2
31 30 0:41 / /home/ada/local\040disk rw,relatime - xfs /dev/vdb rw
32 22 0:42 / /mnt/c rw,noatime - 9p drvfs rw,trans=fd
33 22 0:43 / /mnt/over rw - ext4 /dev/vdc rw
34 22 0:44 / /mnt/over rw - fuse.sshfs host:/ rw
""".strip().splitlines()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/srv/gramophone", "ext4"),
        ("/home", "nfs4"),
        ("/home/ada/.local/share/gramophone", "nfs4"),
        ("/home/ada/local disk/gramophone", "xfs"),
        ("/homely", "ext4"),
        ("/mnt/c/Users", "9p"),
        ("/mnt/over/it", "fuse.sshfs"),
    ],
)
def test_the_innermost_and_latest_mount_counts(path: str, kind: str) -> None:
    assert type_of(path, MOUNTS) == kind


def test_lines_that_cannot_be_read_are_passed_over() -> None:
    assert type_of("/x", ["", "nonsense", "1 2 3 / /x - ", " - "]) == ""


def test_a_directory_here_offers_everything(tmp_path: Path) -> None:
    assert network_type(tmp_path) == ""
    assert support(tmp_path) == Support(locks=True, shared_memory=True, network="")
    assert write_fault(tmp_path) == 0
    assert list(tmp_path.iterdir()) == []


def test_what_does_not_exist_is_taken_to_work(tmp_path: Path) -> None:
    assert support(tmp_path / "nowhere").write_ahead
    assert write_fault(tmp_path / "nowhere") == errno.ENOENT


def test_a_limit_of_the_system_is_a_full_disk(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from storage.sqlite.file_system import write_fault;"
        "print(write_fault(Path(sys.argv[1])))"
    )
    completed = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        capture_output=True, text=True, check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)),
    )  # fmt: skip
    assert int(completed.stdout) == errno.EFBIG


def test_a_network_file_system_has_no_log_even_if_it_maps_files(tmp_path: Path) -> None:
    support = Support(locks=True, shared_memory=True, network="nfs4")
    assert not support.write_ahead
    assert "network file system (nfs4)" in journal_sentence(Home.at(tmp_path), support)
    assert journal_sentence(Home.at(tmp_path), Support()) == ""


def test_a_library_that_comes_to_a_local_disk_has_a_log_again(tmp_path: Path) -> None:
    database = open_library(Home.at(tmp_path))
    database.execute("PRAGMA journal_mode = DELETE")
    database.close()
    database = open_library(Home.at(tmp_path))
    assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    database.close()

"""Temporary files of killed processes are swept, those of living ones never."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gramophone.system.temporary_files import (
    abandoned,
    make_directory,
    make_file,
    make_scratch,
    sweep,
)

OWNER = """
import sys
from pathlib import Path
from gramophone.system.temporary_files import make_directory, make_file, make_scratch
place = Path(sys.argv[1])
held = [make_file(place / "talk.mp3"), make_directory(place / "backup"), make_scratch(place)]
(held[1][1] / "inside").write_text("words")
print("ready", flush=True)
sys.stdin.read()
"""


@contextmanager
def owner(directory: Path) -> Generator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", OWNER, str(directory)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.kill()


def test_what_a_killed_process_left_is_swept_and_nothing_else(tmp_path: Path) -> None:
    others = [
        *(".talk.mp3.download", ".talk.mp3.abcdefgh", "talk.mp3", "gramophone-abcdefgh"),
        *(".gramophone-abcdefgh", ".talk.gramophone-ABCDEFGH", "x.gramophone-abcdefgh"),
    ]
    for name in others:
        (tmp_path / name).touch()
    (tmp_path / ".link.gramophone-abcdefgh").symlink_to(tmp_path / "talk.mp3")
    with owner(tmp_path) as process:
        assert abandoned(tmp_path) == []
        sweep(tmp_path)
        process.send_signal(signal.SIGKILL)
        process.wait()
        remains = abandoned(tmp_path)
        assert len(remains) == 3
        assert any((path / "inside").exists() for path in remains)
    sweep(tmp_path)
    assert sorted(os.listdir(tmp_path)) == sorted([*others, ".link.gramophone-abcdefgh"])


def test_one_process_never_sweeps_its_own(tmp_path: Path) -> None:
    entries = [make_file(tmp_path / "a"), make_directory(tmp_path / "b"), make_scratch(tmp_path)]
    assert abandoned(tmp_path) == []
    for descriptor, _ in entries:
        os.close(descriptor)
    assert abandoned(tmp_path) == sorted(path for _, path in entries)


def test_long_names_fit(tmp_path: Path) -> None:
    descriptor, path = make_file(tmp_path / ("ü𝄞" * 42 + ".mp3"))
    os.close(descriptor)
    assert abandoned(tmp_path) == [path]


def test_a_place_that_is_not_there_has_nothing(tmp_path: Path) -> None:
    assert abandoned(tmp_path / "none") == []
    sweep(tmp_path / "none")


@pytest.mark.parametrize("make", [make_file, make_directory])
@pytest.mark.parametrize("folder", ["missing", "/proc"])
def test_where_nothing_can_be_made_that_is_said(
    make: Callable[[Path], tuple[int, Path]], folder: str, tmp_path: Path
) -> None:
    with pytest.raises(OSError, match="talk"):
        make(tmp_path / folder / "talk.mp3")

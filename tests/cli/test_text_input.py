"""Questions put together from an argument, files and standard input."""

from __future__ import annotations

import os
import socket
from collections.abc import Generator
from pathlib import Path

import click
import pytest

from gramophone.cli.text_input import MOST_TEXT_BYTES, piped_text, read_question, read_text_file


@pytest.fixture
def pipe() -> Generator[tuple[int, int]]:
    """A pipe's two ends, the reading one first."""
    read, write = os.pipe()
    yield read, write
    os.close(read)
    if write_is_open(write):
        os.close(write)


def write_is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def nothing() -> str:
    return ""


class TestStandardInput:
    def test_a_pipe_is_read_to_its_end(self, pipe: tuple[int, int]) -> None:
        read, write = pipe
        os.write(write, b"one\n")
        os.write(write, "zwölf\n".encode())
        os.close(write)
        assert piped_text(read) == "one\nzwölf\n"

    def test_a_pipe_that_was_closed_at_once_brings_nothing_and_no_note(
        self, pipe: tuple[int, int], capsys: pytest.CaptureFixture[str]
    ) -> None:
        read, write = pipe
        os.close(write)
        assert piped_text(read) == ""
        assert capsys.readouterr().err == ""

    def test_a_pipe_that_says_nothing_is_left_with_a_note(
        self, pipe: tuple[int, int], capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert piped_text(pipe[0], silence_s=0) == ""
        assert "`--file -` waits for it" in capsys.readouterr().err

    def test_a_silent_socket_is_left_too(self) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            assert piped_text(ours.fileno(), silence_s=0) == ""

    def test_a_file_is_read(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_text("From a file.")
        with (tmp_path / "a").open("rb") as file:
            assert piped_text(file.fileno()) == "From a file."

    def test_a_terminal_and_a_device_are_not_read(self) -> None:
        leader, terminal = os.openpty()
        os.write(leader, b"typed\n")
        with open(os.devnull, "rb") as device:
            assert (piped_text(terminal), piped_text(device.fileno())) == ("", "")
        os.close(leader)
        os.close(terminal)

    def test_a_closed_one_is_not_read(self, pipe: tuple[int, int]) -> None:
        spare = os.dup(pipe[0])
        os.close(spare)
        assert piped_text(spare) == ""


class TestQuestion:
    def test_the_input_stands_behind_the_text_as_a_block(self) -> None:
        question = read_question("Review this", piped=lambda: "+ one\n")
        assert question == "Review this\n\n`standard input`:\n```\n+ one\n```"

    @pytest.mark.parametrize("runs", ["```", "`````", "````\n``` `````` ```"])
    def test_the_fence_is_longer_than_any_in_the_input(self, runs: str) -> None:
        question = read_question("Read", piped=lambda: f"{runs}\nEnd of block.")
        assert question is not None
        fence = question.splitlines()[-1]
        assert set(fence) == {"`"}
        assert fence not in runs
        assert question.count(fence) == 2

    def test_control_codes_of_the_input_are_removed(self) -> None:
        question = read_question("Why?", piped=lambda: "\x1b[31mred\x1b[0m\x00\u202e\r\nnext")
        assert question == "Why?\n\n`standard input`:\n```\nred\nnext\n```"

    def test_files_come_before_the_input_in_their_order(self, tmp_path: Path) -> None:
        for name in ("b`.txt", "a.txt"):
            (tmp_path / name).write_text(name)
        files = [str(tmp_path / name) for name in ("b`.txt", "a.txt")]
        question = read_question("Compare", files, piped=lambda: "input")
        assert question is not None
        heads = [line for line in question.splitlines() if line.endswith("`:")]
        assert heads == [f"`{tmp_path}/b'.txt`:", f"`{tmp_path}/a.txt`:", "`standard input`:"]

    def test_the_only_thing_there_is_the_question(self, tmp_path: Path) -> None:
        (tmp_path / "q.txt").write_text("Why?")
        assert read_question(None, [str(tmp_path / "q.txt")], piped=nothing) == "Why?"
        assert read_question(None, piped=lambda: "Why not?\n") == "Why not?\n"
        assert read_question(None, piped=nothing) is None

    @pytest.mark.parametrize(
        ("text", "files", "sentence"),
        [
            ("-", ["-"], "standard input can be named once"),
            (None, ["/etc/hostname", "/etc/hostname"], "give a question that goes with"),
            ("Why?", ["/nowhere/at.all"], "/nowhere/at.all cannot be read: No such file"),
            ("Why?", ["/"], "/ cannot be read: Is a directory"),
        ],
        ids=["twice", "no-question", "missing", "directory"],
    )
    def test_what_cannot_be_asked_is_one_sentence(
        self, text: str | None, files: list[str], sentence: str
    ) -> None:
        with pytest.raises(click.UsageError, match=sentence):
            read_question(text, files)


class TestFiles:
    @pytest.mark.parametrize(
        "content",
        [b"\x7fELF\x02\x01\x01\0\0", "text".encode("utf-16"), bytes(range(128, 256)) * 4],
        ids=["program", "utf-16", "bytes"],
    )
    def test_what_is_not_text_is_refused(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "a").write_bytes(content)
        with pytest.raises(click.UsageError, match="is not text in UTF-8"):
            read_text_file(tmp_path / "a")

    def test_a_stray_byte_in_a_text_is_marked(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_bytes(b"\xef\xbb\xbfA long line with one \xe9 of another encoding.")
        text = read_text_file(tmp_path / "a")
        assert text == "A long line with one \ufffd of another encoding."

    def test_what_is_too_large_is_refused_together_too(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_bytes(b"a" * (MOST_TEXT_BYTES - 10))
        with pytest.raises(click.UsageError, match="more than 2 MB; leave some out"):
            read_question("Why?", [str(tmp_path / "a")])

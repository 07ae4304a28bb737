"""Into the clipboard: which ways there are, and each of them with a real program."""

from __future__ import annotations

import base64
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.support.clipboard import LONGEST_OSC52, CopyOutcome, copy, routes, sentence, sequences

TERMINAL = {"TERM": "xterm-256color"}
TEXT = "Grüße\n\t日本 'quoted' $HOME `id`\n"


def names(environment: dict[str, str], platform: str = "linux") -> list[str]:
    return [program.name for program in routes(environment, platform).desktop]


# --- which ways there are -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "platform", "desktop"),
    [
        ({}, "linux", []),
        ({"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}, "linux", ["wl-copy", "xclip", "xsel"]),
        ({"DISPLAY": ":0"}, "linux", ["xclip", "xsel"]),
        ({"DISPLAY": ""}, "linux", []),
        ({}, "darwin", ["pbcopy"]),
        ({"SSH_TTY": "/dev/ttys1"}, "darwin", []),
        ({"WSL_DISTRO_NAME": "Debian"}, "linux", ["clip.exe"]),
        ({"WSL_DISTRO_NAME": "Debian", "SSH_CONNECTION": "a b"}, "linux", []),
    ],
)
def test_programs_of_the_desktop(
    environment: dict[str, str], platform: str, desktop: list[str]
) -> None:
    assert names(environment, platform) == desktop


@pytest.mark.parametrize(("term", "expected"), [("xterm", True), ("linux", False), ("dumb", False)])
def test_a_terminal_without_a_clipboard_is_not_asked(term: str, expected: bool) -> None:
    assert routes({"TERM": term}, "linux").ask_terminal is expected


@given(st.text(max_size=200))
def test_the_sequence_carries_the_text_and_nothing_else(text: str) -> None:
    sequence = sequences(text.encode("utf-8", "replace").decode())
    assert sequence is not None
    match_ = re.fullmatch(r"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07", sequence)
    assert match_ is not None
    assert base64.b64decode(match_[1]) == text.encode("utf-8", "replace")


def test_past_tmux_every_escape_is_doubled() -> None:
    plain = sequences("Hi")
    assert plain == "\x1b]52;c;SGk=\x07"
    wrapped = "\x1bPtmux;\x1b\x1b]52;c;SGk=\x07\x1b\\"
    assert sequences("Hi", past_tmux=True) == plain + wrapped
    assert sequences("Hi", past_tmux=True, alone=False) == wrapped


def test_a_terminal_is_not_asked_to_take_too_much() -> None:
    longest = LONGEST_OSC52 // 4 * 3
    assert sequences("x" * longest) is not None
    assert sequences("x" * (longest + 1)) is None


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (CopyOutcome(("wl-copy",)), "Copied the turn: wl-copy."),
        (
            CopyOutcome(("tmux buffer",), ("OSC 52",)),
            "Copied the turn: tmux buffer, OSC 52 (the terminal may refuse it).",
        ),
        (
            CopyOutcome(("tmux buffer",), too_long=True),
            "Copied the turn: tmux buffer; too long for OSC 52.",
        ),
        (CopyOutcome(file=Path("/run/x.txt")), "No clipboard took the turn; it is in /run/x.txt"),
        (CopyOutcome(trouble="No space left."), "Could not copy the turn: No space left."),
    ],
)
def test_says_which_way_worked(outcome: CopyOutcome, words: str) -> None:
    assert sentence("the turn", outcome) == words


# --- real programs --------------------------------------------------------------------------------


class Desk:
    """A directory of programs that write what they are given, and the terminal's side."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.environment = {**TERMINAL, "PATH": f"{directory}:{os.environ['PATH']}"}
        self.environment["XDG_RUNTIME_DIR"] = str(directory)
        self.written: list[str] = []

    def program(self, name: str, body: str = 'cat > "$0.took"') -> None:
        path = self.directory / name
        path.write_text(f"#!/bin/sh\necho noise; echo noise >&2\n{body}\n")
        path.chmod(0o755)

    def took(self, name: str) -> bytes:
        return (self.directory / f"{name}.took").read_bytes()

    async def copy(
        self, text: str = TEXT, platform: str = "linux", limit_s: float = 30, **more: str
    ) -> CopyOutcome:
        environment = {**self.environment, **more}
        return await copy(text, environment, platform, self.written.append, limit_s=limit_s)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


async def test_wayland_takes_it_and_the_terminal_is_left_alone(
    desk: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    desk.program("wl-copy")
    assert await desk.copy(WAYLAND_DISPLAY="w") == CopyOutcome(("wl-copy",))
    assert desk.took("wl-copy") == TEXT.encode()
    assert desk.written == []
    assert capfd.readouterr() == ("", "")


async def test_a_program_finds_the_desktop_and_no_key(desk: Desk) -> None:
    desk.program("wl-copy", 'cat > "$0.took"; env > "$0.env"')
    await desk.copy(WAYLAND_DISPLAY="w", OPENAI_API_KEY="c4nary", LANG="C.UTF-8")
    environment = (desk.directory / "wl-copy.env").read_text()
    assert "WAYLAND_DISPLAY=w\n" in environment
    assert "LANG=C.UTF-8\n" in environment
    assert "c4nary" not in environment


async def test_the_next_program_is_tried_when_one_is_missing_or_fails(desk: Desk) -> None:
    desk.program("xclip", "cat > /dev/null; exit 1")
    desk.program("xsel")
    outcome = await desk.copy(
        WAYLAND_DISPLAY="w", DISPLAY=":9", PATH=f"{desk.directory}:/bin:/usr/bin"
    )
    assert outcome == CopyOutcome(("xsel",))


async def test_a_program_that_does_not_read_is_no_harm(desk: Desk) -> None:
    desk.program("xclip", "exec 0<&-; exit 0")
    assert (await desk.copy("x" * 1_000_000, DISPLAY=":9")).sure == ("xclip",)


async def test_a_program_that_hangs_is_ended(desk: Desk) -> None:
    desk.program("wl-copy", 'echo $$ > "$0.pid"; exec sleep 600')
    outcome = await desk.copy(WAYLAND_DISPLAY="w", limit_s=0.5)
    assert outcome == CopyOutcome((), ("OSC 52",))
    pid = desk.directory / "wl-copy.pid"
    if pid.exists():
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid.read_text()), 0)


async def test_windows_gets_its_own_encoding(desk: Desk) -> None:
    desk.program("clip.exe")
    assert (await desk.copy(WSL_DISTRO_NAME="Debian")).sure == ("clip.exe",)
    assert desk.took("clip.exe").decode("utf-16-le") == TEXT


async def test_with_no_program_the_terminal_is_asked(desk: Desk) -> None:
    assert await desk.copy() == CopyOutcome((), ("OSC 52",))
    assert desk.written == [sequences(TEXT)]


async def test_an_old_tmux_takes_it_without_the_flag(desk: Desk) -> None:
    desk.program("tmux", '[ "$2" = "-w" ] && exit 1\ncat > "$0.took"')
    assert await desk.copy(TMUX="/x,1,0") == CopyOutcome(("tmux buffer",), ("OSC 52",))
    assert desk.took("tmux") == TEXT.encode()


async def test_what_is_too_long_for_all_goes_into_a_file(desk: Desk) -> None:
    text = "x" * 80_000
    outcome = await desk.copy(text)
    assert outcome.file is not None
    assert outcome.file.parent == desk.directory
    assert outcome.file.read_text() == text
    assert outcome.file.stat().st_mode & 0o777 == 0o600
    assert desk.written == []


# --- a real tmux ----------------------------------------------------------------------------------


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Path]:
    """The socket of a tmux server of our own."""
    socket = tmp_path / "socket"
    base = ["tmux", "-S", str(socket), "-f", "/dev/null"]
    subprocess.run([*base, "new-session", "-d", "-x", "80", "-y", "24", "cat"], check=True)
    yield socket
    subprocess.run([*base, "kill-server"], check=True)


def shown_by(tmux: Path) -> bytes:
    command = ["tmux", "-S", str(tmux), "show-buffer"]
    return subprocess.run(command, check=True, capture_output=True).stdout


async def test_a_real_tmux_gives_back_what_it_was_given(desk: Desk, tmux: Path) -> None:
    outcome = await desk.copy(TMUX=f"{tmux},1,0")
    assert outcome == CopyOutcome(("tmux buffer",), ("OSC 52",))
    assert desk.written == [sequences(TEXT, past_tmux=True, alone=False)]
    assert shown_by(tmux) == TEXT.encode()


async def test_a_real_tmux_takes_what_no_terminal_would(desk: Desk, tmux: Path) -> None:
    outcome = await desk.copy("x" * 300_000, TMUX=f"{tmux},1,0")
    assert outcome == CopyOutcome(("tmux buffer",), too_long=True)

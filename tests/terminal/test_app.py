"""The whole app in a real terminal, with the real stand-in in a process of its own."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import wave
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.chat_server import answering
from tests.support.deadlines import HANG_S
from tests.support.programs import Gramophone, environment, standin
from tests.support.shown import PLAYING, SPEAKING
from tests.support.tmux import Terminal, terminal

pytestmark = pytest.mark.terminal

SHORT = "Records turn. Needles listen."
COMMAND = [sys.executable, "-m", "gramophone.cli"]
LONG = "The sea is wide, and it is deep, and nobody has seen the whole of it yet. " * 8
HOSTILE = "\x1b[2J\x1b]0;owned\x07Red \x1b[31malert\x1b[0m \u202egnihton\u202c and done."


@contextmanager
def app(
    tmp_path: Path,
    *answers: str,
    size: tuple[int, int] = (80, 24),
    colours: Mapping[str, str] | None = None,
    flags: Sequence[str] = (),
) -> Generator[tuple[Terminal, Gramophone]]:
    home = tmp_path / "home"
    with standin("--no-limits") as url, answering(*answers) as base_url:
        settings = {"GRAMOPHONE_SPEAK_URL": url, "OPENAI_BASE_URL": base_url, "COLORTERM": ""}
        env = environment(home, settings | {"HOME": str(tmp_path)} | dict(colours or {}))
        command = [*COMMAND, *flags]
        with terminal(tmp_path / "tmux", command, env | {"TERM": "xterm-256color"}, size) as screen:
            screen.see("Nothing said yet")
            yield screen, Gramophone(home)


def ask(screen: Terminal, question: str) -> None:
    screen.type(question)
    screen.see(question)
    screen.keys("Enter")


def processes_of(home: Path, flags: Sequence[str] = ()) -> list[int]:
    """The apps that run on this data directory."""
    command = "\0".join([*COMMAND, *flags, ""]).encode()
    process_ids: list[int] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            ours = str(home).encode() in (process / "environ").read_bytes()
            if ours and (process / "cmdline").read_bytes() == command:
                process_ids.append(int(process.name))
        except OSError:
            continue  # it ended while we looked
    return process_ids


@pytest.mark.parametrize("colours", [{}, {"COLORTERM": "truecolor"}], ids=["256", "truecolor"])
def test_the_walk(tmp_path: Path, colours: dict[str, str]) -> None:
    """Talk, interrupt, search, replay, seek, export, quit: by keys alone."""
    target = tmp_path / "gramophone-tell-me-about-the-sea.wav"
    with app(tmp_path, LONG, SHORT, colours=colours) as (screen, gramophone):
        ask(screen, "Tell me about the sea.")
        screen.see(SPEAKING)
        screen.keys("Escape")
        screen.see("■ stopped", "not heard")
        ask(screen, "What do records do?")
        screen.see("Needles listen.", "idle")

        screen.keys("F2")
        screen.see("Sessions (1)", "Tell me about the sea.")
        screen.keys("/")
        screen.type("needl")
        screen.see("Needles", "1 hit")
        screen.keys("Enter")
        screen.keys("Enter")
        screen.see("Space Play", "Tell me about the sea.")
        screen.keys("End")
        screen.see("What do records do?", "Needles listen.")

        screen.keys("Space")
        screen.see("▶", PLAYING)
        screen.keys("Space")
        screen.see("paused")
        screen.keys("0")
        screen.see("0:00 /")
        screen.keys("]", "]", "]")
        screen.see("What do records do?")
        screen.keys("[", "Space")
        screen.see("▶")
        screen.see("Needles listen.", "Space Play")

        screen.keys("e")
        screen.see(target.name, "Enter Write")
        screen.keys("Enter")
        screen.see("Exported")
        screen.keys("C-q")
        assert "echo" in screen.see("ended with 0", "echo")
    turns = gramophone.json("show", "last")["turns"]
    spoken = [turn["audio"] for turn in turns if "audio" in turn]
    assert len(spoken) == 2
    with wave.open(str(target)) as taken:
        assert taken.getnframes() == sum(audio["samples"] for audio in spoken)
    assert gramophone("verify").returncode == 0


def test_escape_keeps_the_text_and_how_much_of_it_was_heard(tmp_path: Path) -> None:
    with app(tmp_path, LONG, SHORT) as (screen, gramophone):
        ask(screen, "Tell me about the sea.")
        screen.see(SPEAKING)
        screen.keys("Escape")
        screen.see("■ stopped", "not heard")
        ask(screen, "And records?")
        screen.see("Needles listen.", "idle")
        screen.keys("C-q")
        screen.see("ended with 0")
    turns = gramophone.json("show", "last")["turns"]
    # "stop" where the text still came: then Escape stops the sound alone.
    assert turns[1]["finish_reason"] in ("interrupted", "stop")
    assert turns[1]["text"].strip() == LONG.strip()
    assert 0 < turns[1]["heard_characters"] < len(LONG.strip())


def test_a_kill_in_the_middle_loses_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    with app(tmp_path, LONG) as (screen, gramophone):
        ask(screen, "Tell me about the sea.")
        screen.see(SPEAKING)
        (pid,) = processes_of(gramophone.home)
        os.kill(pid, signal.SIGKILL)
        screen.see("ended with 137")
    assert gramophone("verify").returncode == 0
    session = gramophone.json("show", "last")
    assert session["recovered"]
    assert session["turns"][1]["text"].startswith("The sea is wide")
    assert session["turns"][1]["audio"]["samples"] > 48_000


def test_it_ends_when_its_terminal_is_gone_and_nobody_says_so(tmp_path: Path) -> None:
    """As under a program that leads the session and keeps the hang-up to itself."""
    home = tmp_path / "home"
    ours, theirs = pty.openpty()
    with standin("--no-limits") as url, answering() as base_url:
        settings = {"GRAMOPHONE_SPEAK_URL": url, "OPENAI_BASE_URL": base_url}
        env = environment(home, settings | {"HOME": str(tmp_path), "TERM": "xterm-256color"})
        process = subprocess.Popen(
            COMMAND, stdin=theirs, stdout=theirs, stderr=theirs, env=env, start_new_session=True
        )
        os.close(theirs)
        drawn = b""
        while b"Nothing said yet" not in drawn:
            drawn += os.read(ours, 65_536)
        os.close(ours)
        assert process.wait(HANG_S) == 0
    assert Gramophone(home)("verify").returncode == 0


def test_hostile_text_does_nothing_to_the_terminal(tmp_path: Path) -> None:
    with app(tmp_path, HOSTILE) as (running, _):
        ask(running, "Attack me.")
        # The notice of the sound card stands over the first rows for some seconds.
        screen = running.see("You", "alert", "and done.", "idle")
        assert "\u202e" not in screen
        title = running.title()
        assert "owned" not in title
        running.keys("C-q")
        running.see("ended with 0")


def test_it_is_usable_in_forty_by_ten(tmp_path: Path) -> None:
    with app(tmp_path, SHORT, size=(40, 10)) as (screen, _):
        ask(screen, "Hi there.")
        screen.see("listen.")
        screen.resize(120, 40)
        screen.see("Needles listen.", "F2")
        screen.resize(40, 10)
        screen.keys("C-q")
        screen.see("ended with 0")


def test_what_is_not_kept_leaves_nothing_even_when_killed(tmp_path: Path) -> None:
    home, flags = tmp_path / "home", ["--no-keep"]
    with app(tmp_path, LONG, SHORT, flags=flags) as (screen, _):
        screen.see("nothing is kept", "not kept")
        ask(screen, "Tell me about the sea.")
        screen.see(SPEAKING, "not kept")
        screen.keys("Escape")
        screen.see("■ stopped")
        ask(screen, "What do records do?")
        screen.see("Needles listen.")
        assert not home.exists()
        (process,) = processes_of(home, flags)
        os.kill(process, signal.SIGKILL)
    assert not home.exists()
    remains = {path.name for path in tmp_path.iterdir()}
    assert remains <= {"config", "tmux", ".cache", ".config"}

"""`--no-keep` leaves nothing behind: the data directory is byte for byte what it was."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from gramophone.app.engine_thread import EngineThread
from gramophone.config.loading import load
from gramophone.core.intents import Say
from gramophone.core.timeline import AudioReceived, Entry, TurnCompleted
from gramophone.ports.backend import Feed
from tests.support.programs import Gramophone, environment
from tests.support.recordings import everything_in
from tests.support.sound_card import wait_until
from tests.support.wav_files import pcm_of

WORDS = "A secret that no disk shall know. "


@pytest.fixture
def before(gramophone: Gramophone) -> dict[Path, bytes]:
    """A library that is there already, and what is in it."""
    assert gramophone("say", "--mute", "Records turn.").returncode == 0
    return everything(gramophone.home)


def everything(home: Path) -> dict[Path, bytes]:
    """Every file and every directory."""
    return dict.fromkeys(home.rglob("*"), b"") | everything_in(home)


def test_a_talk_leaves_the_library_as_it_was(
    gramophone: Gramophone, before: dict[Path, bytes], tmp_path: Path
) -> None:
    completed = gramophone("say", "--mute", "--no-keep", WORDS)
    assert (completed.returncode, completed.stderr) == (0, "not kept\n")
    assert everything(gramophone.home) == before

    temporary = tmp_path / "tmp"
    temporary.mkdir()
    completed = gramophone(
        "say", "--mute", "--no-keep", "--json", WORDS, env={"TMPDIR": str(temporary)}
    )
    kinds = [json.loads(line)["event"] for line in completed.stdout.splitlines()]
    assert kinds[0] == "SessionStarted"
    assert "AudioReceived" in kinds
    assert everything(gramophone.home) == before
    assert list(temporary.iterdir()) == []


def test_where_no_library_was_there_is_none(gramophone: Gramophone) -> None:
    completed = gramophone("say", "--mute", "--no-keep", WORDS)
    assert completed.returncode == 0, completed.stderr
    assert not gramophone.home.exists()


def test_the_sound_can_still_be_written_where_one_wants_it(
    gramophone: Gramophone, tmp_path: Path
) -> None:
    stored, unkept = tmp_path / "kept.wav", tmp_path / "unkept.wav"
    assert gramophone("say", "--mute", "-o", str(stored), "Needles listen.").returncode == 0
    before = everything(gramophone.home)
    completed = gramophone("say", "--mute", "--no-keep", "-o", str(unkept), "Needles listen.")
    assert (completed.returncode, completed.stderr) == (0, "not kept\n")
    assert pcm_of(unkept) == pcm_of(stored)
    assert everything(gramophone.home) == before
    nowhere = gramophone("say", "--mute", "--no-keep", "-o", str(tmp_path / "x/y.wav"), "Needles.")
    assert (nowhere.returncode, "cannot be written" in nowhere.stderr) == (1, True)


def test_nothing_is_left_by_one_that_is_killed(
    gramophone: Gramophone, before: dict[Path, bytes], tmp_path: Path
) -> None:
    temporary, out = tmp_path / "tmp", tmp_path / "out.wav"
    temporary.mkdir()
    settings = {"GRAMOPHONE_SPEAK_URL": gramophone.speak_url, "TMPDIR": str(temporary)}
    command = ["say", "--mute", "--no-keep", "--json", "-o", str(out), WORDS * 2_000]
    with subprocess.Popen(
        [sys.executable, "-m", "gramophone.cli", *command],
        env=environment(gramophone.home, settings),
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        audio_lines = (line for line in child.stdout if '"AudioReceived"' in line)
        for _ in range(50):
            next(audio_lines)
        assert everything(gramophone.home) == before, "not while it lasts, either"
        child.kill()
    assert everything(gramophone.home) == before
    assert list(temporary.iterdir()) == []
    assert not out.exists()


class Hearer:
    """Waits for what a talk says."""

    def __init__(self) -> None:
        self.heard: list[Entry] = []

    def until(self, feed: Feed, kind: type[Entry]) -> None:
        def come() -> bool:
            self.heard += feed.take()
            return any(isinstance(entry, kind) for entry in self.heard)

        wait_until(come, kind.__name__)


def test_the_engine_of_the_app_keeps_nothing(
    gramophone: Gramophone, before: dict[Path, bytes]
) -> None:
    config = load(
        environment(gramophone.home, {"GRAMOPHONE_SPEAK_URL": gramophone.speak_url}),
        muted=True,
        keep=False,
        keep_days=1,
    )
    others = set(threading.enumerate())
    backend = EngineThread(config, None)
    assert not backend.setup.stored
    backend.start()
    talks = [backend.open_conversation(), backend.open_conversation(focused=False)]
    for talk in talks:
        assert not talk.setup.stored
        hearer = Hearer()
        talk.post(Say(WORDS))
        hearer.until(talk.feed, TurnCompleted)
        assert any(isinstance(entry, AudioReceived) for entry in hearer.heard)
    backend.stop()
    new_threads = set(threading.enumerate()) - others
    assert not [thread for thread in new_threads if thread.name in ("engine", "recorder")]
    assert everything(gramophone.home) == before

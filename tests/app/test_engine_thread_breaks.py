"""The engine's thread breaks: it is told, and whoever goes on asking is told again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gramophone.app import session
from gramophone.app.engine_thread import EngineThread
from gramophone.app.live_conversation import NOT_RUNNING, LiveConversation
from gramophone.config.loading import load
from gramophone.conversation.engine import Engine
from gramophone.core.errors import StorageError
from gramophone.core.intents import Submit
from gramophone.core.timeline import Entry, Failed
from storage.library import StoredLibrary
from storage.recording.recorder import Recorder
from tests.support.sound_card import wait_until


class Ear:
    """Waits for what a talk says."""

    def __init__(self, talk: LiveConversation) -> None:
        self._talk = talk
        self.heard: list[Entry] = []

    def until_failed(self) -> Failed:
        def failures() -> list[Failed]:
            self.heard += self._talk.feed.take()
            return [entry for entry in self.heard if isinstance(entry, Failed)]

        wait_until(lambda: bool(failures()), "the talk has failed")
        return failures()[-1]


@pytest.fixture
def backend(tmp_path: Path) -> EngineThread:
    config = load({"GRAMOPHONE_HOME": str(tmp_path)}, muted=True)
    return EngineThread(config, Recorder.open(config.home, redact=()))


@pytest.mark.parametrize(
    ("error", "stage", "words"),
    [
        (StorageError("The library is damaged."), "recording", "The library is damaged."),
        (RuntimeError("a wheel came off"), "session", "(RuntimeError: a wheel came off)"),
    ],
)
def test_a_talk_that_cannot_begin_is_told(
    error: Exception,
    stage: str,
    words: str,
    backend: EngineThread,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(session, "open_session", refuse)
    talk = backend.open_conversation()
    backend.start()
    failed = Ear(talk).until_failed()
    assert failed.stage == stage
    assert words in failed.detail
    talk.post(Submit("Is anybody there?"))
    assert backend.unseen_failures() == [NOT_RUNNING]
    backend.stop()


def test_a_library_that_cannot_be_opened_is_told_to_every_talk(
    backend: EngineThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise RuntimeError("a wheel came off")

    monkeypatch.setattr(StoredLibrary, "open", refuse)
    first, second = backend.open_conversation(), backend.open_conversation()
    backend.start()
    for talk in (first, second):
        assert "a wheel came off" in Ear(talk).until_failed().detail
    assert Ear(backend.open_conversation()).until_failed().detail == NOT_RUNNING
    backend.stop()


def test_an_engine_that_dies_in_the_talk_is_told(
    backend: EngineThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def break_down(self: Engine) -> None:
        raise RuntimeError("a wheel came off")

    monkeypatch.setattr(Engine, "run", break_down)
    talk = backend.open_conversation()
    backend.start()
    failed = Ear(talk).until_failed()
    assert (failed.stage, "a wheel came off" in failed.detail) == ("session", True)
    backend.stop()

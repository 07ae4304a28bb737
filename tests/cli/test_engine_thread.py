"""The engine's thread breaks: it is told, and whoever goes on asking is told again."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from gramophone.cli import compose
from gramophone.cli.backend import NOT_RUNNING, EngineThread
from gramophone.config import load
from gramophone.engine import Engine
from gramophone.errors import StorageError
from gramophone.intents import Submit
from gramophone.timeline import Entry, Failed
from storage.recorder import Recorder


class Ear:
    """Waits for what a feed says."""

    def __init__(self, backend: EngineThread) -> None:
        self._backend = backend
        self.heard: list[Entry] = []

    def until_failed(self) -> Failed:
        pause = threading.Event()
        for _ in range(1000):
            self.heard += self._backend.conversation.take()
            found = [entry for entry in self.heard if isinstance(entry, Failed)]
            if found:
                return found[-1]
            pause.wait(0.01)
        raise AssertionError("nothing failed")


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

    monkeypatch.setattr(compose, "talk", refuse)
    backend.start()
    failed = Ear(backend).until_failed()
    assert failed.stage == stage
    assert words in failed.detail
    backend.post(Submit("Is anybody there?"))
    assert [each.detail for each in backend.conversation.take() if isinstance(each, Failed)] == [
        NOT_RUNNING
    ]
    backend.stop()


def test_an_engine_that_dies_in_the_talk_is_told(
    backend: EngineThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def break_down(self: Engine) -> None:
        raise RuntimeError("a wheel came off")

    monkeypatch.setattr(Engine, "run", break_down)
    backend.start()
    failed = Ear(backend).until_failed()
    assert (failed.stage, "a wheel came off" in failed.detail) == ("session", True)
    backend.stop()

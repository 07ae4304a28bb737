"""The engine in its thread, with a model on loopback and without a sound card."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gramophone.app.engine_thread import EngineThread
from gramophone.config.config import Config
from gramophone.core.timeline import (
    Entry,
    TurnCompleted,
)
from gramophone.library.library import SessionRecord
from gramophone.ports.backend import ConversationHandle
from storage.library import StoredLibrary
from storage.recording.recorder import Recorder
from tests.support.chat_server import answering
from tests.support.sound_card import wait_until


class Watched:
    """A talk, and all that its feed has told."""

    def __init__(self, talk: ConversationHandle) -> None:
        self.talk = talk
        self.entries: list[Entry] = []

    def until(self, holds: Callable[[Entry], bool]) -> Any:
        """The first entry that is wanted, come or to come."""

        def has_come() -> bool:
            self.entries += self.talk.feed.take()
            return any(holds(entry) for entry in self.entries)

        wait_until(has_come, "the feed tells it")
        return next(entry for entry in self.entries if holds(entry))

    def answer(self, turn: int) -> TurnCompleted:
        return self.until(lambda e: isinstance(e, TurnCompleted) and e.turn == turn)

    def all_of(self, *kinds: type) -> list[Any]:
        return [entry for entry in self.entries if type(entry) in kinds]


@contextmanager
def backend(home: Path, speak_url: str, *answers: str) -> Generator[EngineThread]:
    """A running one, without a sound card."""
    with answering(*answers) as base_url:
        config = Config(
            home=home,
            config_file=home / "config.toml",
            provider="openai",
            model="told",
            openai_base_url=base_url,
            speak_url=speak_url,
            device="a sound card that nobody has",
        )
        running = EngineThread(config, Recorder.open(home))
        running.start()
        try:
            yield running
        finally:
            running.stop()


async def stored_sessions(home: Path) -> dict[str, SessionRecord]:
    """The sessions by their titles; the library is whole."""
    async with await StoredLibrary.open(home) as library:
        assert await library.verify() == []
        listed = await library.sessions()
        return {summary.title: await library.session(summary.id) for summary in listed}

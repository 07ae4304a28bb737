"""`replay`: plays a stored session again, in time, with its sound."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

from gramophone.app.replay_session import make_replay, make_schedule
from gramophone.cli.output import AnswerPrinter, JsonLines, Notes, note
from gramophone.config.config import Config
from gramophone.core.sinks import Fanout, Sink
from gramophone.core.timeline import Entry, Event, TurnCompleted, TurnStarted
from gramophone.text.sanitize import plain_line
from storage.library import StoredLibrary


async def replay(config: Config, home: Path, reference: str, *, speed: float, as_json: bool) -> int:
    """Play a session; prints the texts as they were streamed, or every event as JSON."""
    async with await StoredLibrary.open(home) as library:
        session_id = await library.resolve(reference)
        events = await library.events(session_id, with_pcm=False)
        sound = library.sound(session_id)
    schedule = make_schedule(events, sound)
    if any(not track.audible and track.samples for track in schedule.tracks):
        note("Some of the session's sound is missing; its text is replayed in time.")
    answer = _Dialogue()
    fanout = Fanout(lambda _sink, error: note(str(error)))
    printed: Sink = JsonLines() if as_json else answer
    fanout.add(printed)
    fanout.add(_DeviceNotes())
    with suppress(asyncio.CancelledError):
        await make_replay(schedule, config, fanout.emit, speed).run()
    sound.close()
    return 0


class _DeviceNotes(Notes):
    """Notes about the device of now. Events of the session are part of the replay instead."""

    def emit(self, entry: Entry) -> None:
        if not isinstance(entry, Event) or type(entry).__name__ == "DeviceChanged":
            super().emit(entry)


class _Dialogue(AnswerPrinter):
    """Prints answers as they stream, and the user's turns between them."""

    def emit(self, entry: Entry) -> None:
        match entry:
            case TurnCompleted(role="user"):
                self._write(f"> {plain_line(entry.text)}\n")
            case TurnStarted(role="assistant") if entry.text:
                # No model streamed this turn: it was spoken by `say`, or imported.
                self._write(self._stream.feed(entry.text))
            case TurnCompleted():
                self.finish()
            case _:
                super().emit(entry)

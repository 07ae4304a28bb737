"""A scripted backend in memory: says what a test lets it say, remembers what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from gramophone.errors import SessionNotFound, StorageError
from gramophone.intents import Intent
from gramophone.ports import (
    Choice,
    Choices,
    Finding,
    Message,
    SessionRecord,
    SessionSummary,
    Setup,
    TurnRecord,
)
from gramophone.timeline import Entry, Event, TurnInherited


class FakeFeed:
    """Gives what was put in; `steady` entries come with every take, as a level does."""

    def __init__(self, entries: Iterable[Entry] = (), steady: Sequence[Entry] = ()) -> None:
        self.waiting: list[Entry] = list(entries)
        self.steady = list(steady)
        self.closed = False

    def put(self, *entries: Entry) -> None:
        self.waiting.extend(entries)

    def take(self) -> list[Entry]:
        if self.closed:
            return []
        taken, self.waiting = self.waiting + self.steady, []
        return taken

    def close(self) -> None:
        self.closed = True


class FakeLibrary:
    """Kept sessions in a list, newest first."""

    def __init__(self, records: Iterable[SessionRecord] = ()) -> None:
        self.records = list(records)
        self.asked: list[tuple[int, str | None, str]] = []
        self.exported: list[tuple[str, Path]] = []
        self.failure: StorageError | None = None

    async def sessions(
        self, *, limit: int = 50, older_than: str | None = None, search: str = ""
    ) -> list[SessionSummary]:
        self.asked.append((limit, older_than, search))
        self._check()
        rows = [_hit(record, search) for record in self.records if _matches(record, search)]
        if older_than is not None:
            ids = [row.id for row in rows]
            rows = rows[ids.index(older_than) + 1 :]
        return rows[:limit]

    async def resolve(self, reference: str) -> str:
        return (await self.session(reference)).summary.id

    async def session(self, session_id: str) -> SessionRecord:
        self._check()
        for record in self.records:
            if record.summary.id == session_id:
                return record
        raise SessionNotFound("This session is not in the library any more.")

    async def events(self, session_id: str, *, with_pcm: bool = True) -> list[Event]:
        return []

    async def delete(self, session_id: str) -> None:
        self._check()
        self.records = [each for each in self.records if each.summary.id != session_id]

    async def export_wav(self, session_id: str, path: Path) -> None:
        self._check()
        self.exported.append((session_id, path))

    async def verify(self, session_id: str | None = None) -> list[Finding]:
        return []

    async def aclose(self) -> None:
        return None

    def _check(self) -> None:
        if self.failure is not None:
            raise self.failure


class FakeTalk:
    """Implements `gramophone.ports.TalkHandle`; what it was asked stands in its lists."""

    def __init__(
        self,
        feed: FakeFeed,
        setup: Setup,
        choice: Choice,
        inherited: Sequence[Message],
        heard: bool,
        post: Callable[[Intent], None] | None = None,
    ) -> None:
        self.feed = feed
        self.setup = setup
        self.choice = choice
        self.inherited = tuple(inherited)
        self.heard = heard
        self.posted: list[Intent] = []
        self.configured: list[Choice] = []
        self.closed = False
        self._post = post or self.posted.append
        feed.put(
            *(
                TurnInherited(at_us=0, turn=turn, role=message.role, text=message.text)
                for turn, message in enumerate(self.inherited)
            )
        )

    def post(self, intent: Intent) -> None:
        self._post(intent)

    def configure(self, choice: Choice) -> None:
        self.configured.append(choice)

    def hear(self, heard: bool) -> None:
        self.heard = heard

    def close(self) -> None:
        self.closed = True


class FakeBackend:
    """Implements `gramophone.ports.Backend`. The first talk has `conversation` for its feed and
    posts to `posted`; all of them stand in `talks`."""

    def __init__(
        self,
        conversation: FakeFeed | None = None,
        library: FakeLibrary | None = None,
        setup: Setup | None = None,
    ) -> None:
        self.conversation = conversation or FakeFeed()
        self.library = library or FakeLibrary()
        self.setup = setup or Setup(provider="local", model="smollm2", voice="thalia")
        self.posted: list[Intent] = []
        self.replays: list[tuple[str, float]] = []
        self.replay_feed = FakeFeed()
        self.talks: list[FakeTalk] = []
        self.started = 0
        self.stopped = False

    def start(self) -> None:
        self.started += 1

    def choices(self) -> Choices:
        return Choices(
            ("openai", "local"),
            {"openai": ("gpt-5-mini", "gpt-5"), "local": ("smollm2",)},
            ("thalia", "luna"),
        )

    def open_talk(
        self,
        choice: Choice = Choice(),  # noqa: B008 (frozen)
        *,
        inherited: Sequence[Message] = (),
        heard: bool = True,
    ) -> FakeTalk:
        first = not self.talks
        feed = self.conversation if first else self.another_feed()
        setup = replace(
            self.setup,
            provider=choice.provider or self.setup.provider,
            model=choice.model or self.setup.model,
            voice=choice.voice or self.setup.voice,
        )
        post = self.post if first else None
        talk = FakeTalk(feed, setup, choice, inherited, heard, post)
        self.talks.append(talk)
        return talk

    def another_feed(self) -> FakeFeed:
        return FakeFeed()

    def post(self, intent: Intent) -> None:
        self.posted.append(intent)

    def replay(self, session_id: str, *, speed: float = 1.0) -> FakeFeed:
        self.replays.append((session_id, speed))
        return self.replay_feed

    def stop(self) -> None:
        self.stopped = True


def kept_session(
    number: int,
    title: str = "",
    *,
    turns: Sequence[TurnRecord] = (),
    spoken_ms: int = 12_400,
    recovered: bool = False,
) -> SessionRecord:
    """A session as the library gives it; `number` makes its id and its time."""
    kept = tuple(turns) or (
        TurnRecord(0, "user", title or f"Question {number}?", "sent", 0),
        TurnRecord(1, "assistant", f"Answer **{number}** to it.", "stop", 1_000_000),
    )
    summary = SessionSummary(
        id=f"5e55{number:012x}",
        title=title or f"Question {number}?",
        created_at=f"2026-11-{1 + number % 28:02}T14:03:00+00:00",
        turns=len(kept),
        spoken_ms=spoken_ms,
        provider="local",
        model="smollm2",
        voice="thalia",
        recovered=recovered,
    )
    return SessionRecord(summary, "Be brief.", "linear16", 48_000, kept)


def _matches(record: SessionRecord, search: str) -> bool:
    return any(search.lower() in turn.text.lower() for turn in record.turns)


def _hit(record: SessionRecord, search: str) -> SessionSummary:
    if not search:
        return record.summary
    text = next(turn.text for turn in record.turns if search.lower() in turn.text.lower())
    start = text.lower().index(search.lower())
    end = start + len(search)
    snippet = f"{text[:start]}\ue000{text[start:end]}\ue001{text[end:]}"
    return replace(record.summary, snippet=snippet)

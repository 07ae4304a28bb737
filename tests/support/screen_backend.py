"""A scripted backend in memory: says what a test lets it say, remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from gramophone.core.errors import ConfigError, GramophoneError, SessionNotFound, StorageError
from gramophone.core.intents import Intent
from gramophone.core.timeline import Entry, Event, TurnInherited
from gramophone.library.export_request import ExportRequest, ExportResult
from gramophone.library.library import (
    SessionRecord,
    SessionSummary,
    TagCount,
    Totals,
    TurnRecord,
)
from gramophone.library.search_query import Search, highlights, parse
from gramophone.ports.backend import (
    AvailableOptions,
    ConversationInfo,
    ConversationOptions,
    ReplayState,
)
from gramophone.ports.language_model import Message

TODAY = date(2026, 11, 21)


class FakeFeed:
    """Gives what was put in; `steady` entries come with every take, as a level does."""

    def __init__(self, entries: Iterable[Entry] = (), steady: Sequence[Entry] = ()) -> None:
        self.waiting: list[Entry] = list(entries)
        self.steady: list[Entry] = list(steady)
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


class FakeReplay(FakeFeed):
    """A replay that is where a test puts it; remembers what it was asked, and does it at once."""

    def __init__(
        self,
        entries: Iterable[Entry] = (),
        steady: Sequence[Entry] = (),
        state: ReplayState | None = None,
    ) -> None:
        super().__init__(entries, steady)
        self.now = state or ReplayState(ready=True, duration_us=10_000_000)
        self.requests: list[tuple[object, ...]] = []
        self.refusal = ""

    def state(self) -> ReplayState:
        return self.now

    def play(self) -> None:
        self._do("play", playing=not self.refusal, refusal=self.refusal)

    def pause(self) -> None:
        self._do("pause", playing=False)

    def suspend(self) -> None:
        self._do("rest", playing=False)

    def seek(self, position_us: int) -> None:
        self._do("seek", position_us, position_us=position_us)

    def play_from(self, turn: int, character: int) -> None:
        self._do("hear", turn, character, playing=True)

    def set_speed(self, speed: float) -> None:
        self._do("speed", speed, speed=speed)

    def skip_silence(self, skip: bool) -> None:
        self._do("skip", skip, skipping=skip)

    def loop(self, turn: int | None) -> None:
        self._do("loop", turn, loop=turn)

    def _do(self, *request: object, **changes: Any) -> None:
        self.requests.append(request)
        self.now = replace(self.now, **changes)


class FakeLibrary:
    """Kept sessions in a list, newest first."""

    def __init__(self, records: Iterable[SessionRecord] = ()) -> None:
        self.records = list(records)
        self.discarded: dict[str, tuple[int, SessionRecord]] = {}
        self.queries: list[tuple[int, str | None, str]] = []
        self.read: list[str] = []
        self.exported: list[tuple[str, Path]] = []
        self.orders: list[ExportRequest] = []
        self.shapes: dict[str, dict[int, bytes]] = {}
        self.picture_files: dict[str, dict[str, bytes]] = {}
        self.failure: StorageError | None = None
        self.export_held = asyncio.Event()
        self.export_held.set()
        self.sessions_held = asyncio.Event()
        self.sessions_held.set()
        self.answers_held = asyncio.Event()
        self.answers_held.set()
        self.timelines: dict[str, list[Event]] = {}

    async def sessions(
        self, *, limit: int = 50, older_than: str | None = None, search: str = ""
    ) -> list[SessionSummary]:
        self.queries.append((limit, older_than, search))
        await self.sessions_held.wait()
        self._check()
        query = parse(search, TODAY)
        rows = [_hit(record, query) for record in self.records if _matches(record, query)]
        if not (query.words or query.filtered):
            rows.sort(key=lambda row: not row.pinned)
        if older_than is not None:
            ids = [row.id for row in rows]
            rows = rows[ids.index(older_than) + 1 :]
        return rows[:limit]

    async def latest(self, *, limit: int) -> list[SessionSummary]:
        self._check()
        rows = [record.summary for record in self.records if not record.summary.archived]
        return sorted(rows, key=lambda row: row.latest_at, reverse=True)[:limit]

    async def totals(self) -> Totals:
        self._check()
        await self.answers_held.wait()
        listed = [record.summary for record in self.records if not record.summary.archived]
        return Totals(len(listed), sum(summary.spoken_ms for summary in listed))

    async def tags(self) -> list[TagCount]:
        self._check()
        counts = Counter(name for record in self.records for name in record.summary.tags)
        return [TagCount(name, count) for name, count in counts.most_common()]

    async def resolve(self, reference: str) -> str:
        return (await self.session(reference)).summary.id

    async def session(self, session_id: str) -> SessionRecord:
        await self.answers_held.wait()
        self._check()
        self.read.append(session_id)
        return self.records[self._index(session_id)]

    async def events(self, session_id: str, *, with_pcm: bool = True) -> list[Event]:
        await self.answers_held.wait()
        self._check()
        return self.timelines.get(session_id, [])

    async def pictures(self, session_id: str) -> dict[str, bytes]:
        self._check()
        return self.picture_files.get(session_id, {})

    async def peaks(self, session_id: str, *, buckets_per_second: int = 20) -> dict[int, bytes]:
        return self.shapes.get(session_id, {})

    async def delete(self, session_id: str) -> None:
        self._check()
        self.records = [record for record in self.records if record.summary.id != session_id]

    async def rename(self, session_id: str, title: str) -> None:
        self._change([session_id], title=title)

    async def tag(self, ids: Sequence[str], add: Iterable[str], remove: Iterable[str] = ()) -> None:
        await self.answers_held.wait()
        added, removed = set(add), set(remove)
        for session_id in ids:
            tags = set(self.records[self._index(session_id)].summary.tags)
            self._change([session_id], tags=tuple(sorted(tags - removed | added)))

    async def pin(self, ids: Sequence[str], pinned: bool = True) -> None:
        await self.answers_held.wait()
        self._change(ids, pinned=pinned)

    async def archive(self, ids: Sequence[str], archived: bool = True) -> None:
        self._change(ids, archived=archived)

    async def discard(self, ids: Sequence[str]) -> None:
        self._check()
        for session_id in ids:
            index = self._index(session_id)
            self.discarded[session_id] = index, self.records.pop(index)

    async def restore(self, ids: Sequence[str]) -> None:
        self._check()
        for session_id in reversed(ids):
            index, record = self.discarded.pop(session_id)
            self.records.insert(index, record)

    async def purge(self) -> None:
        self.discarded.clear()

    async def export(
        self,
        ids: Sequence[str],
        order: ExportRequest,
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> ExportResult:
        self._check()
        if progress is not None:
            progress(1, 4)
        await self.export_held.wait()
        self.exported += [(session_id, order.path) for session_id in ids]
        self.orders.append(order)
        return ExportResult((order.path,))

    async def prompts(self, *, limit: int) -> list[str]:
        self._check()
        turns = [turn for record in self.records for turn in reversed(record.turns)]
        return [turn.text for turn in turns if turn.role == "user"][:limit]

    def _index(self, session_id: str) -> int:
        for index, record in enumerate(self.records):
            if record.summary.id == session_id:
                return index
        raise SessionNotFound("This session is not in the library any more.")

    def _change(self, ids: Iterable[str], **values: Any) -> None:
        self._check()
        for session_id in ids:
            index = self._index(session_id)
            record = self.records[index]
            self.records[index] = replace(record, summary=replace(record.summary, **values))

    def _check(self) -> None:
        if self.failure is not None:
            raise self.failure


class FakeTalk:
    """Implements `gramophone.ports.backend.ConversationHandle`; what it was asked stands in its
    lists."""

    def __init__(
        self,
        feed: FakeFeed,
        setup: ConversationInfo,
        choice: ConversationOptions,
        inherited: Sequence[Message],
        focused: bool,
        post: Callable[[Intent], None] | None = None,
    ) -> None:
        self.feed = feed
        self.setup = setup
        self.choice = choice
        self.inherited = tuple(inherited)
        self.heard = focused
        self.posted: list[Intent] = []
        self.configured: list[ConversationOptions] = []
        self.refusal = ""
        self.closed = False
        self.resumed = ""
        self._post = post or self.posted.append
        feed.put(
            *(
                TurnInherited(at_us=0, turn=turn, role=message.role, text=message.text)
                for turn, message in enumerate(self.inherited)
            )
        )

    def post(self, intent: Intent) -> None:
        self._post(intent)

    def configure(self, choice: ConversationOptions) -> None:
        if self.refusal:
            raise ConfigError(self.refusal)
        self.configured.append(choice)

    def set_audio_focus(self, focused: bool) -> None:
        self.heard = focused

    def close(self) -> None:
        self.closed = True


class FakeBackend:
    """Implements `gramophone.ports.backend.Backend`. The first talk has `conversation` for its
    feed and
    posts to `posted`; all of them stand in `talks`."""

    def __init__(
        self,
        conversation: FakeFeed | None = None,
        library: FakeLibrary | None = None,
        setup: ConversationInfo | None = None,
    ) -> None:
        self.conversation = conversation or FakeFeed()
        self.library = library or FakeLibrary()
        self.setup = setup or ConversationInfo(provider="local", model="smollm2", voice="thalia")
        self.posted: list[Intent] = []
        self.talks: list[FakeTalk] = []
        self.replays: list[tuple[str, int, float, bool]] = []
        self.replay_feed = FakeReplay()
        self.started = 0
        self.stopped = False
        self.title: str | GramophoneError = "A title by the model"
        self.title_held = asyncio.Event()
        self.title_held.set()

    async def open_library(self) -> FakeLibrary:
        return self.library

    def start(self) -> None:
        self.started += 1

    def choices(self) -> AvailableOptions:
        return AvailableOptions(
            ("openai", "local"),
            {"openai": ("gpt-5-mini", "gpt-5"), "local": ("smollm2",)},
            ("thalia", "luna"),
        )

    def open_conversation(
        self,
        choice: ConversationOptions = ConversationOptions(),  # noqa: B008 (frozen)
        *,
        inherited: Sequence[Message] = (),
        resume: str = "",
        focused: bool = True,
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
        # One that goes on emits nothing of what was said before.
        talk = FakeTalk(feed, setup, choice, () if resume else inherited, focused, post)
        talk.resumed = resume
        self.talks.append(talk)
        return talk

    def another_feed(self) -> FakeFeed:
        return FakeFeed()

    def post(self, intent: Intent) -> None:
        self.posted.append(intent)

    def replay(
        self, session_id: str, *, at_us: int = 0, speed: float = 1.0, playing: bool = True
    ) -> FakeReplay:
        self.replays.append((session_id, at_us, speed, playing))
        if playing:
            self.replay_feed.play()
        return self.replay_feed

    async def suggest_title(self, session_id: str) -> str:
        await self.title_held.wait()
        if isinstance(self.title, GramophoneError):
            raise self.title
        return self.title

    def stop(self) -> None:
        self.stopped = True


def kept_session(
    number: int,
    title: str = "",
    *,
    turns: Sequence[TurnRecord] = (),
    spoken_ms: int = 12_400,
    recovered: bool = False,
    tags: Sequence[str] = (),
    pinned: bool = False,
    archived: bool = False,
) -> SessionRecord:
    """A session as the library gives it; `number` makes its id and its time."""
    stored_turns = tuple(turns) or (
        TurnRecord(0, "user", title or f"Question {number}?", "sent", 0),
        TurnRecord(1, "assistant", f"Answer **{number}** to it.", "stop", 1_000_000),
    )
    summary = SessionSummary(
        id=f"5e55{number:012x}",
        title=title or f"Question {number}?",
        created_at=f"2026-11-{1 + number % 28:02}T14:03:00+00:00",
        turns=len(stored_turns),
        spoken_ms=spoken_ms,
        provider="local",
        model="smollm2",
        voice="thalia",
        recovered=recovered,
        tags=tuple(tags),
        pinned=pinned,
        archived=archived,
    )
    return SessionRecord(summary, "Be brief.", "linear16", 48_000, stored_turns)


def _matches(record: SessionRecord, query: Search) -> bool:
    """Words anywhere in a turn or in the title; of the filters those that tests use."""
    row = record.summary
    if row.archived != query.archived:
        return False
    for condition in query.filters:
        marks = {"pinned": row.pinned, "archived": row.archived, "audio": row.spoken_ms > 0}
        own = {"tag": row.tags, "provider": (row.provider,), "model": (row.model,)}
        passes = (
            condition.value in own[condition.name]
            if condition.name in own
            else marks[condition.value]
        )
        if passes == condition.negated:
            return False
    texts = [row.title, *(turn.text for turn in record.turns)]
    return not query.words or any(_spans(text, query) for text in texts)


def _spans(text: str, query: Search) -> list[tuple[int, int]]:
    """Where the words stand, if all do."""
    whole = all(highlights(text, [word]) for word in query.words)
    return highlights(text, query.words) if whole else []


def _hit(record: SessionRecord, query: Search) -> SessionSummary:
    if not query.words:
        return record.summary
    texts = [turn.text for turn in record.turns if _spans(turn.text, query)]
    if not texts:
        return record.summary
    snippet = texts[-1]
    for start, end in reversed(_spans(snippet, query)):
        snippet = f"{snippet[:start]}\ue000{snippet[start:end]}\ue001{snippet[end:]}"
    return replace(record.summary, snippet=snippet)

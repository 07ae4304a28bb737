"""Records of stored sessions, and the roles of the library that holds them.

A role is what one kind of user needs: the list asks `SessionQueries`, a view `SessionContents`,
a command that changes sessions `SessionEdits` or `SessionDeletion`. `Library` is what a screen can
have of them all; the one implementation is `storage.library.StoredLibrary`.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import field
from pathlib import Path
from typing import Protocol, TypeVar

from gramophone.analysis.answer_asides import NO_ASIDE, AnswerAside
from gramophone.analysis.metrics import TurnMetrics
from gramophone.core.errors import StorageError
from gramophone.core.frozen import frozen
from gramophone.core.give_back import GiveBack
from gramophone.core.picture import Picture
from gramophone.core.timeline import Event, Role
from gramophone.library.export_request import ExportRequest, ExportResult

DATABASE_FILES = frozenset({"library.db", "library.db-wal", "library.db-shm"})


def is_database_file(path: Path) -> bool:
    """Whether `path` names a file of a library's database, through links too.

    Such a file must not be opened beside SQLite: closing it drops the locks of the process.
    """
    return path.name in DATABASE_FILES or os.path.basename(os.path.realpath(path)) in DATABASE_FILES


def refuse_database_file(path: Path) -> None:
    """Refuse a file that somebody named and that belongs to a library's database.

    Raises:
        StorageError: it does.
    """
    if is_database_file(path):
        raise StorageError(
            f"{path} is a file of the library itself; for a copy of the library use "
            "`gramophone backup`, for one session `gramophone export`."
        )


@frozen
class SessionSummary:
    """One row of the history. `created_at` is ISO 8601 in UTC, and so is `active_at`, when the
    session was last resumed, else the same; `snippet` the search hit, with its matching words
    between U+E000 and U+E001, or empty."""

    id: str
    title: str
    created_at: str
    turns: int
    spoken_ms: int
    provider: str
    model: str
    voice: str
    recovered: bool = False
    snippet: str = ""
    tags: tuple[str, ...] = ()
    pinned: bool = False
    archived: bool = False
    active_at: str = ""

    @property
    def latest_at(self) -> str:
        """Time at which it was begun or last resumed."""
        return self.active_at or self.created_at


@frozen
class TurnAudio:
    """The WAV of a spoken turn, as received. `path` is absolute."""

    path: Path
    sample_rate_hz: int
    samples: int
    sha256: str
    encoding: str = "linear16"


_BROKEN_OFF = frozenset({"", "cancelled", "error", "failed", "interrupted", "recovered", "stopped"})
"""Finish reasons of answers that did not come to their end."""


def speaker_name(role: Role, model: str, *, only_spoken: bool = False) -> str:
    """Name that heads a turn: for an answer the model's, unless its text was only spoken."""
    if role == "user":
        return "You"
    return "Read aloud" if only_spoken else model or "Answer"


@frozen
class TurnRecord:
    """One stored turn. `withdrawn` marks one that was taken back: it no longer counts.

    `heard_chars` is how many characters of the text were heard where its sound was stopped, else
    None. `pictures` are without their content (`SessionContents.pictures`). `model` answered it,
    where that is known.
    """

    turn: int
    role: Role
    text: str
    finish_reason: str
    started_us: int
    audio: TurnAudio | None = None
    metrics: TurnMetrics = field(default_factory=TurnMetrics)
    withdrawn: bool = False
    heard_chars: int | None = None
    aside: AnswerAside = NO_ASIDE
    pictures: tuple[Picture, ...] = ()
    model: str = ""

    @property
    def speaker(self) -> str:
        """Name that heads the turn, wherever it is read; as unsafe as the model's name."""
        return speaker_name(self.role, self.model, only_spoken=self.finish_reason == "said")

    @property
    def thinking_us(self) -> int:
        """Time from the first thought to the last; 0 without thoughts."""
        aside = self.aside
        began_us = self.started_us if aside.thought_from_us is None else aside.thought_from_us
        return max(0, aside.thought_until_us - began_us) if aside.thoughts else 0

    @property
    def unheard(self) -> bool:
        """Whether the sound was stopped before the end of the text."""
        return self.heard_chars is not None and bool(self.text[self.heard_chars :].strip())

    @property
    def give_back(self) -> tuple[GiveBack, ...]:
        """Items that the provider wants back; none of an answer that did not come to its end."""
        return () if self.finish_reason in _BROKEN_OFF else self.aside.give_back

    @property
    def counts(self) -> bool:
        """Whether it belongs to the history: not taken back, and not only spoken again."""
        return not self.withdrawn and self.finish_reason != "repeated"


@frozen
class SessionRecord:
    """One kept session, whole but for its events."""

    summary: SessionSummary
    system_prompt: str
    encoding: str
    sample_rate_hz: int
    turns: tuple[TurnRecord, ...]


@frozen
class Finding:
    """One disagreement found by a check, in a sentence; `session_id` empty for the library."""

    session_id: str
    detail: str


@frozen
class Totals:
    """Number and spoken time of the listed sessions, without archived ones."""

    sessions: int
    spoken_ms: int


@frozen
class TagCount:
    """A tag and how many sessions have it."""

    name: str
    sessions: int


class SessionQueries(Protocol):
    """Finds sessions. Methods raise StorageError with a sentence for the user."""

    async def sessions(
        self, *, limit: int = 50, older_than: str | None = None, search: str = ""
    ) -> list[SessionSummary]:
        """Newest first; pinned ones before the others when nothing is searched. `older_than` is
        the id of the last row of the page before. `search` is words, phrases and filters
        (`gramophone.library.search_query`).

        Raises:
            FilterError: a filter cannot be understood.
            SessionNotFound: there is no session `older_than`.
        """
        ...

    async def latest(self, *, limit: int) -> list[SessionSummary]:
        """Those that were begun or resumed last, pinned or not, without archived ones."""
        ...

    async def totals(self) -> Totals: ...

    async def tags(self) -> list[TagCount]:
        """Those with the most sessions first."""
        ...

    async def resolve(self, reference: str) -> str:
        """The id meant by an id, a unique prefix of one, or `last`.

        Raises:
            SessionNotFound: no session is meant, or several.
        """
        ...

    async def prompts(self, *, limit: int) -> list[str]:
        """Texts that users sent, newest first, over all sessions."""
        ...


class SessionContents(Protocol):
    """Reads one session. Methods raise StorageError with a sentence for the user, SessionNotFound
    where there is no such session."""

    async def session(self, session_id: str) -> SessionRecord: ...

    async def events(self, session_id: str, *, with_pcm: bool = True) -> list[Event]:
        """The timeline in order; AudioReceived carries its PCM unless `with_pcm` is False. A
        sound file that is missing gives events with empty PCM."""
        ...

    async def pictures(self, session_id: str) -> dict[str, bytes]:
        """Files of the session's pictures by their SHA-256; one that is lost is missing."""
        ...

    async def peaks(self, session_id: str, *, buckets_per_second: int = 20) -> dict[int, bytes]:
        """The shape of the sound: by spoken turn, one byte a bucket, its loudest sample as
        0 to 255 of full scale. A turn whose file is missing has no entry."""
        ...


class SessionEdits(Protocol):
    """Changes what the list says of sessions. Methods raise StorageError with a sentence for the
    user."""

    async def rename(self, session_id: str, title: str) -> None:
        """Set a title that stays; an empty one gives the session its first words again."""
        ...

    async def tag(self, ids: Sequence[str], add: Iterable[str], remove: Iterable[str] = ()) -> None:
        """Give sessions tags and take some from them."""
        ...

    async def pin(self, ids: Sequence[str], pinned: bool = True) -> None:
        """Keep sessions at the head of the list, or no longer."""
        ...

    async def archive(self, ids: Sequence[str], archived: bool = True) -> None:
        """Take sessions out of the list (`is:archived` finds them), or back into it."""
        ...


class SessionDeletion(Protocol):
    """Removes sessions: in two steps with a way back, or at once. Methods raise StorageError with
    a sentence for the user; a session that is being recorded is refused."""

    async def discard(self, ids: Sequence[str]) -> None:
        """Hide sessions at once; undone by `restore`, made final by `purge`. If one is refused,
        none is discarded."""
        ...

    async def restore(self, ids: Sequence[str]) -> None:
        """Show discarded sessions again."""
        ...

    async def purge(self) -> None:
        """Remove for good what was discarded through this object; called when the app closes."""
        ...

    async def delete(self, session_id: str) -> None:
        """Remove rows and files for good."""
        ...


class SessionExport(Protocol):
    """Writes sessions to files."""

    async def export(
        self,
        ids: Sequence[str],
        order: ExportRequest,
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> ExportResult:
        """Write sessions as `order` says, every file whole or not at all. `progress` is called in
        another thread with the work done and the work in all; cancelling the await stops it. What
        keeps one session of several from being written is in the result.

        Raises:
            StorageError: nothing could be written.
        """
        ...


class Library(
    SessionQueries, SessionContents, SessionEdits, SessionDeletion, SessionExport, Protocol
):
    """The sum of the roles of an opened library that a screen may ask for."""


_Role = TypeVar("_Role")

LibraryOpener = Callable[[], Awaitable[_Role]]
"""Gives the library, opened by the first call, seen in one role. Opening may raise whatever keeps
the library from being read (StorageError), so it is awaited where that can be shown."""

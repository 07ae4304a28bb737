"""One turn as a pane shows it: its text, how far it has come, how much of it was heard."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Final, Literal, TypeAlias

from gramophone.analysis.metrics import TurnMetrics
from gramophone.core.give_back import GiveBack
from gramophone.core.picture import Picture
from gramophone.library.library import TurnRecord
from gramophone.text.sanitize import plain, plain_line

Voice: TypeAlias = Literal["user", "assistant", "notice"]

LONGEST_PROMPT_SHOWN: Final = 4_000
"""Characters of a question; the rest is counted."""

_STOPPED_REASONS = frozenset({"interrupted", "stopped", "cancelled"})
_FAILED_REASONS = frozenset({"failed", "error"})


class Phase(Enum):
    """Progress of a turn, from the request to one of three ends."""

    WAITING = "waiting"
    ANSWERING = "answering"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(slots=True)
class TurnView:
    """One turn, ready to be drawn. `text` and `thoughts` only grow, unless `rewrites` has grown.

    Layouts depend on that: they keep the rows of the text they have seen, and read on from there.
    """

    turn: int
    voice: Voice
    text: str = ""
    phase: Phase = Phase.WAITING
    failures: list[str] = field(default_factory=list[str])
    notices: list[str] = field(default_factory=list[str])
    """Sentences about the turn that tell of no failure: how it ended, who answered instead."""
    pictures: list[Picture] = field(default_factory=list[Picture])
    """Pictures of a question; of a stored session without their content."""
    thoughts: str = ""
    """The model's reasoning."""
    started_us: int = 0
    """Time at which the turn began, or the first thought came."""
    thinking_us: int = 0
    """Time from the first thought to the last."""
    give_back: list[GiveBack] = field(default_factory=list[GiveBack])
    """Items that the provider wants back with the next request."""
    rewrites: int = 0
    spoken_ms: int = 0
    speaking: bool = False
    heard_chars: int | None = None
    """Characters of the text that have been heard, while it is spoken."""
    stopped_at: int | None = None
    """Characters of the text that had been heard when its sound was stopped."""
    quiet_s: int = 0
    """Seconds for which the model has sent no text, where that is long."""
    metrics: TurnMetrics = field(default_factory=TurnMetrics)
    withdrawn: bool = False
    """Whether it was taken back: it no longer counts."""
    speaker: str = "Answer"
    """Name that heads an answer: the model's, where it is known."""
    stored: bool = False
    """Whether it is read in a stored session, where turns that were taken back are shown, too."""

    @property
    def hidden(self) -> bool:
        return self.withdrawn and not self.stored

    @property
    def unheard_characters(self) -> int:
        """Number of characters behind the position where the sound was stopped."""
        if self.stopped_at is None or not self.text[self.stopped_at :].strip():
            return 0
        return len(self.text) - self.stopped_at

    @property
    def over(self) -> bool:
        return self.phase in (Phase.DONE, Phase.STOPPED, Phase.FAILED)


def phase_of(finish_reason: str) -> Phase:
    """The end that a finish reason of an answer stands for."""
    if finish_reason in _STOPPED_REASONS:
        return Phase.STOPPED
    if finish_reason in _FAILED_REASONS:
        return Phase.FAILED
    return Phase.DONE


def stored_view(record: TurnRecord) -> TurnView:
    """The view of a turn of a stored session."""
    spoken_ms = 0
    if record.audio is not None and record.audio.sample_rate_hz:
        spoken_ms = record.audio.samples * 1000 // record.audio.sample_rate_hz
    return TurnView(
        record.turn,
        record.role,
        text=plain(record.text),
        thoughts=plain(record.aside.thoughts),
        started_us=record.started_us,
        thinking_us=record.thinking_us,
        notices=[plain_line(record.aside.incomplete)] if record.aside.incomplete else [],
        give_back=list(record.give_back),
        pictures=list(record.pictures),
        phase=phase_of(record.finish_reason),
        spoken_ms=spoken_ms,
        metrics=record.metrics,
        withdrawn=record.withdrawn,
        speaker=plain_line(record.speaker),
        # Offsets count characters of the text as it was received. The sanitized text may be
        # shorter, so the offset is where the sanitized beginning ends.
        stopped_at=len(plain(record.text[: record.heard_chars]))
        if record.heard_chars is not None
        else None,
        stored=True,
    )


def overwrite(view: TurnView, source: TurnView) -> bool:
    """Copy all fields of `source` to `view`, which stays the same object.

    Returns:
        Whether anything is different afterwards.
    """
    if view is source:
        return False
    grown = source.text.startswith(view.text) and source.thoughts.startswith(view.thoughts)
    rewrites = view.rewrites + (not grown)
    changed = False
    for attribute in fields(TurnView):
        value = rewrites if attribute.name == "rewrites" else getattr(source, attribute.name)
        changed |= value != getattr(view, attribute.name)
        setattr(view, attribute.name, value)
    return changed

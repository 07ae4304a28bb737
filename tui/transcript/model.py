"""What a pane shows, folded from the entries of a source; no screen here.

Live talk and replay come through the same fold: nothing in it can tell them apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from enum import Enum
from typing import Literal, TypeAlias

from gramophone.alignment.word_timing import WordTiming
from gramophone.analysis.metrics import MetricsFold, TurnMetrics
from gramophone.core.timeline import (
    MUTED,
    AudioReceived,
    DeltaReceived,
    DeltasPassed,
    DeviceChanged,
    Entry,
    Failed,
    FlushAnswered,
    FlushSent,
    HistoryRewound,
    LevelMeasured,
    ModelFinished,
    ModelQuiet,
    PlaybackFinished,
    PlaybackStarted,
    PlaybackStopped,
    PlayoutAdvanced,
    ProgressMade,
    RequestSent,
    SessionEnded,
    SessionStarted,
    SettingsChanged,
    TextSpoken,
    TimelineRestarted,
    TurnCompleted,
    TurnInherited,
    TurnInterrupted,
    TurnStarted,
    Underran,
    UsageReported,
)
from gramophone.library.library import SessionRecord, TurnRecord
from gramophone.ports.engine import Message
from gramophone.text.sanitize import PlainStream, plain, plain_line

Voice: TypeAlias = Literal["user", "assistant", "notice"]

_DEFAULT_RATE_HZ = 48_000
_REPEATED = "repeated"
_STOPPED_REASONS = frozenset({"interrupted", "stopped", "cancelled"})
_FAILED_REASONS = frozenset({"failed", "error"})
_ONLY_FIGURES = frozenset({AudioReceived, FlushSent, RequestSent, TextSpoken, UsageReported})


class Phase(Enum):
    """How far a turn has come."""

    WAITING = "waiting"
    ANSWERING = "answering"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


class SoundState(Enum):
    """What the speaker does."""

    IDLE = "idle"
    SPEAKING = "speaking"
    STOPPED = "stopped"


@dataclass(slots=True)
class TurnView:
    """One turn as the eye has it. `text` only grows, unless `rewrites` has grown."""

    turn: int
    voice: Voice
    text: str = ""
    phase: Phase = Phase.WAITING
    failures: list[str] = field(default_factory=list[str])
    rewrites: int = 0
    spoken_ms: int = 0
    speaking: bool = False
    heard: int | None = None
    """While it is spoken: how many characters of the text have been heard."""
    stopped_at: int | None = None
    """Where its sound was stopped: how many characters of the text had been heard."""
    quiet_s: int = 0
    """How long the model has sent no text, where that is long."""
    metrics: TurnMetrics = field(default_factory=TurnMetrics)
    withdrawn: bool = False
    """Whether it was taken back: it no longer counts."""
    read: bool = False
    """Whether it is read in a kept session, where what was taken back is seen, too."""

    @property
    def hidden(self) -> bool:
        return self.withdrawn and not self.read

    @property
    def unheard_characters(self) -> int:
        """How many characters follow the place where the sound was stopped."""
        if self.stopped_at is None or not self.text[self.stopped_at :].strip():
            return 0
        return len(self.text) - self.stopped_at

    @property
    def over(self) -> bool:
        return self.phase in (Phase.DONE, Phase.STOPPED, Phase.FAILED)


@dataclass(slots=True)
class SoundView:
    """Where the sound is, and where it goes."""

    state: SoundState = SoundState.IDLE
    turn: int | None = None
    position_samples: int = 0
    queued_samples: int = 0
    end_samples: int = 0
    rate_hz: int = _DEFAULT_RATE_HZ
    underruns: int = 0
    silent: bool = False
    device: str = ""
    device_detail: str = ""

    @property
    def muted(self) -> bool:
        """Whether it is silent because the user wants it so."""
        return self.silent and self.device == MUTED

    @property
    def position_s(self) -> float:
        return self.position_samples / self.rate_hz

    @property
    def known_s(self) -> float:
        """Length of the turn's sound as far as it is known."""
        return max(self.position_samples + self.queued_samples, self.end_samples) / self.rate_hz

    @property
    def queued_s(self) -> float:
        return self.queued_samples / self.rate_hz


class TranscriptModel:
    """Feed it entries in order; it says what is to be seen, and which turns have changed."""

    def __init__(self) -> None:
        self.turns: dict[int, TurnView] = {}
        self.sound = SoundView()
        self.progress: dict[str, str] = {}
        self.levels: list[tuple[float, float]] = []
        self.session: SessionStarted | None = None
        self.recording = False
        self.kept = True
        self.ended = False
        self._changed: dict[int, None] = {}
        self._metrics = MetricsFold()
        self._unmeasured: dict[int, None] = {}
        self._alignment = WordTiming()
        self._streams: dict[int, PlainStream] = {}
        self._pieces: dict[int, list[str]] = {}
        self._notices = 0
        self._echoes: dict[int, int] = {}
        self._anew: TranscriptModel | None = None
        self._anew_entries = 0
        self._gone: dict[int, None] = {}

    # --- reading ------------------------------------------------------------------------------

    def take_changed(self) -> list[TurnView]:
        """The turns touched since the last call, in order of their first change."""
        changed = [self.turns[key] for key in self._changed]
        self._changed.clear()
        return changed

    def take_gone(self) -> list[int]:
        """The turns that are no more since the last call: the source went back."""
        gone = [turn for turn in self._gone if turn not in self.turns]
        self._gone.clear()
        return gone

    def take_levels(self) -> list[tuple[float, float]]:
        """Peak and RMS as measured since the last call, in order."""
        levels, self.levels = self.levels, []
        return levels

    @property
    def busy(self) -> bool:
        """Whether something speaks or streams: what Escape would stop."""
        if self.sound.state is SoundState.SPEAKING or self._echoes:
            return True
        return any(not view.over for view in self.turns.values() if view.voice == "assistant")

    @property
    def metrics(self) -> TurnMetrics:
        """Figures of the last answer."""
        for view in reversed(self.turns.values()):
            if view.voice == "assistant":
                return view.metrics
        return TurnMetrics()

    @property
    def seen(self) -> list[TurnView]:
        """The turns that are to be seen, notices among them."""
        return [view for view in self.turns.values() if not view.hidden]

    def last(self, voice: Voice) -> TurnView | None:
        """The last turn of a voice that counts."""
        counting = [v for v in self.turns.values() if v.voice == voice and not v.withdrawn]
        return counting[-1] if counting else None

    def said(self, until: int | None = None) -> list[Message]:
        """What counts of what was said, up to and with the turn `until`."""
        said: list[Message] = []
        for turn, view in sorted(self.turns.items()):
            wanted = until is None or turn <= until
            if wanted and view.voice != "notice" and not view.withdrawn and view.text.strip():
                said.append(Message(view.voice, view.text, view.stopped_at))
        return said

    # --- folding ------------------------------------------------------------------------------

    def load(self, record: SessionRecord) -> None:
        """Show a kept session as it ended."""
        self.sound.rate_hz = record.sample_rate_hz or _DEFAULT_RATE_HZ
        for kept in record.turns:
            if kept.finish_reason == _REPEATED:
                continue
            self.turns[kept.turn] = _view_of(kept)
            self._changed[kept.turn] = None

    def apply_all(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self._apply(entry)
        self._join()
        self._measure()

    def apply(self, entry: Entry) -> None:
        """Take one entry in; those that are not seen are passed over."""
        self.apply_all((entry,))

    def _apply(self, entry: Entry) -> None:
        if isinstance(entry, TimelineRestarted):
            self._anew, self._anew_entries = TranscriptModel(), entry.entries
        elif self._anew is not None:
            self._anew._apply(entry)
            self._anew_entries -= 1
        else:
            self._take_in(entry)
        if self._anew is not None and self._anew_entries <= 0:
            self._begin_anew(self._anew)

    def _begin_anew(self, anew: TranscriptModel) -> None:
        """Become what was folded anew. A turn's view stays the object it is, and counts as
        changed only where it differs: what is on the screen and still holds is left alone."""
        anew._join()
        anew._measure()
        views = {turn: self.turns.get(turn, view) for turn, view in anew.turns.items()}
        changed = dict(self._changed)
        for turn, view in views.items():
            if _take_over(view, anew.turns[turn]):
                changed[turn] = None
        changed |= {turn: None for turn in views if turn not in self.turns}
        gone = self._gone | {turn: None for turn in self.turns if turn not in views}
        self.__dict__.update(anew.__dict__)
        self.turns, self._gone = views, gone
        self._changed = {turn: None for turn in changed if turn in views}

    def _take_in(self, entry: Entry) -> None:
        self._metrics.emit(entry)
        self._alignment.emit(entry)
        if isinstance(turn := getattr(entry, "turn", None), int):
            self._unmeasured[turn] = None
        if type(entry) in _ONLY_FIGURES:
            return
        match entry:
            case SessionStarted():
                self.session = entry
                self.recording = True
                self.sound.rate_hz = entry.sample_rate_hz or _DEFAULT_RATE_HZ
            case SettingsChanged():
                self._settings_changed(entry)
            case HistoryRewound():
                self._rewound(entry)
            case TurnInherited():
                view = self._view(entry.turn)
                self._pieces.pop(entry.turn, None)
                view.voice, view.text, view.phase = entry.role, plain(entry.text), Phase.DONE
                if entry.remembered is not None:
                    view.stopped_at = len(plain(entry.text[: entry.remembered]))
            case SessionEnded():
                self.recording = False
                self.ended = True
                self._quiet(SoundState.IDLE)
            case Failed():
                self._failed(entry)
            case LevelMeasured():
                self.levels.append((entry.peak, entry.rms))
            case ProgressMade():
                self._progressed(entry)
            case ModelQuiet():
                self._view(entry.turn).quiet_s = entry.quiet_us // 1_000_000
            case ModelFinished():
                if (view := self.turns.get(entry.turn)) is not None and view.quiet_s:
                    self._view(entry.turn).quiet_s = 0
            case (
                TurnStarted()
                | DeltaReceived()
                | DeltasPassed()
                | TurnInterrupted()
                | TurnCompleted()
            ):
                self._turn_moved(entry)
            case _:
                self._sound_moved(entry)

    def _turn_moved(
        self, entry: TurnStarted | DeltaReceived | DeltasPassed | TurnInterrupted | TurnCompleted
    ) -> None:
        if isinstance(entry, TurnStarted) and entry.repeats in self.turns:
            self._echoes[entry.turn] = entry.repeats
        if entry.turn in self._echoes:
            self._echo_moved(entry)
            return
        view = self._view(entry.turn)
        match entry:
            case TurnStarted():
                view.voice = entry.role
                view.text = plain(entry.text)
                self._pieces.pop(entry.turn, None)
            case DeltaReceived() | DeltasPassed():
                stream = self._streams.setdefault(entry.turn, PlainStream())
                self._pieces.setdefault(entry.turn, []).append(stream.feed(entry.text))
                view.phase = Phase.ANSWERING
                view.quiet_s = 0
            case TurnInterrupted():
                self._interrupted(view, entry)
            case TurnCompleted():
                self._completed(view, entry)

    def _echo_moved(
        self, entry: TurnStarted | DeltaReceived | DeltasPassed | TurnInterrupted | TurnCompleted
    ) -> None:
        """An earlier turn is spoken again: its sound is shown where its text stands."""
        match entry:
            case TurnInterrupted():
                self.sound.position_samples = entry.heard_samples
                self._quiet(SoundState.STOPPED)
            case TurnCompleted():
                self._echoes.pop(entry.turn)
            case _:
                pass

    def _settings_changed(self, changed: SettingsChanged) -> None:
        if self.session is not None:
            self.session = replace(
                self.session,
                provider=changed.provider,
                model=changed.model,
                voice=changed.voice,
                system_prompt=changed.system_prompt,
            )

    def _rewound(self, rewound: HistoryRewound) -> None:
        for turn, view in self.turns.items():
            if turn >= rewound.to_turn and not view.withdrawn:
                view.withdrawn = True
                self._changed[turn] = None

    def _interrupted(self, view: TurnView, entry: TurnInterrupted) -> None:
        self._finish_stream(view)
        view.stopped_at = min(len(plain(entry.heard_text)), len(view.text))
        view.phase = Phase.STOPPED
        view.spoken_ms = entry.heard_samples * 1000 // self.sound.rate_hz
        self.sound.position_samples = entry.heard_samples
        self._quiet(SoundState.STOPPED)

    def _completed(self, view: TurnView, entry: TurnCompleted) -> None:
        self._finish_stream(view)
        view.voice = entry.role
        if not view.text and entry.text:
            view.text = plain(entry.text)
        if view.phase is not Phase.STOPPED:
            view.phase = Phase.FAILED if view.failures else _phase_of(entry.finish_reason)

    def _sound_moved(self, entry: Entry) -> None:
        sound = self.sound
        match entry:
            case PlaybackStarted():
                self._begin_sound(entry.turn)
            case PlayoutAdvanced():
                if entry.turn != sound.turn:
                    self._begin_sound(entry.turn)
                sound.position_samples = entry.position_samples
                sound.queued_samples = entry.queued_samples
                self._heard(entry)
            case FlushAnswered() if entry.turn == sound.turn:
                sound.end_samples = entry.end_samples
            case PlaybackFinished():
                sound.position_samples = sound.end_samples = entry.played_samples
                view = self._view(entry.turn)
                view.spoken_ms = entry.played_samples * 1000 // sound.rate_hz
                if sound.state is SoundState.SPEAKING:
                    self._quiet(SoundState.IDLE)
            case PlaybackStopped():
                sound.position_samples = entry.played_samples
                view = self._view(entry.turn)
                view.spoken_ms = entry.played_samples * 1000 // sound.rate_hz
                if entry.heard_characters is not None and entry.turn not in self._echoes:
                    view.stopped_at = entry.heard_characters
                self._quiet(SoundState.STOPPED)
            case Underran():
                sound.underruns += 1
            case DeviceChanged():
                sound.silent = entry.silent
                sound.device = entry.device
                sound.device_detail = plain_line(entry.detail)
            case _:
                pass

    def _begin_sound(self, turn: int) -> None:
        sound = self.sound
        sound.state = SoundState.SPEAKING
        sound.turn = turn
        sound.position_samples = sound.queued_samples = sound.end_samples = 0
        sound.underruns = 0
        view = self._view(turn)
        view.speaking = True

    def _heard(self, entry: PlayoutAdvanced) -> None:
        view = self.turns.get(self._echoes.get(entry.turn, entry.turn))
        if view is None or not view.speaking:
            return
        known = self._alignment.position_of(entry.turn, 0) is not None
        heard = None
        if known and not self.sound.muted:
            heard = self._alignment.heard_end(entry.turn, entry.position_samples)
        if heard != view.heard:
            view.heard = heard
            self._changed[view.turn] = None

    def _quiet(self, state: SoundState) -> None:
        self.sound.state = state
        self.sound.queued_samples = 0
        self.levels.clear()
        sounding = self.sound.turn
        if sounding is not None and self._echoes.get(sounding, sounding) in self.turns:
            view = self._view(sounding)
            view.speaking = False
            view.heard = None

    def _failed(self, entry: Failed) -> None:
        detail = plain_line(entry.detail)
        if entry.stage == "recording":
            self.recording = False
        if entry.turn is None or entry.turn in self._echoes:
            self._notices += 1
            notice = self._view(-self._notices)
            notice.voice = "notice"
            notice.phase = Phase.FAILED
            notice.failures.append(detail)
            return
        view = self._view(entry.turn)
        view.failures.append(detail)
        if entry.stage == "model":
            view.phase = Phase.FAILED

    def _progressed(self, entry: ProgressMade) -> None:
        what = plain_line(entry.what)
        if entry.detail:
            self.progress[what] = plain_line(entry.detail)
        else:
            self.progress.pop(what, None)

    def _finish_stream(self, view: TurnView) -> None:
        stream = self._streams.pop(view.turn, None)
        if stream is not None:
            self._pieces.setdefault(view.turn, []).append(stream.finish())
        self._join()

    def _join(self) -> None:
        """Put what came at the end of the texts, at once: each time, a long text is copied."""
        for turn, pieces in self._pieces.items():
            if (view := self.turns.get(turn)) is not None and any(pieces):
                view.text += "".join(pieces)
        self._pieces.clear()

    def _measure(self) -> None:
        """Take over the figures of the turns that anything was told of."""
        for turn in self._unmeasured:
            if (view := self.turns.get(turn)) is not None:
                figures = self._metrics.turn(turn)
                if figures is not view.metrics and figures != view.metrics:
                    view.metrics = figures
                    self._changed[turn] = None
        self._unmeasured.clear()

    def _view(self, turn: int) -> TurnView:
        """The view of `turn`, made when it is first heard of, marked as changed."""
        turn = self._echoes.get(turn, turn)
        self._changed[turn] = None
        return self.turns.setdefault(turn, TurnView(turn, "assistant"))


def _take_over(view: TurnView, anew: TurnView) -> bool:
    """Make `view` say what `anew` says; whether that changed anything."""
    if view is anew:
        return False
    rewrites = view.rewrites + (not anew.text.startswith(view.text))
    changed = False
    for each in fields(TurnView):
        value = rewrites if each.name == "rewrites" else getattr(anew, each.name)
        changed |= value != getattr(view, each.name)
        setattr(view, each.name, value)
    return changed


def _phase_of(finish_reason: str) -> Phase:
    if finish_reason in _STOPPED_REASONS:
        return Phase.STOPPED
    if finish_reason in _FAILED_REASONS:
        return Phase.FAILED
    return Phase.DONE


def _view_of(kept: TurnRecord) -> TurnView:
    spoken_ms = 0
    if kept.audio is not None and kept.audio.sample_rate_hz:
        spoken_ms = kept.audio.samples * 1000 // kept.audio.sample_rate_hz
    return TurnView(
        kept.turn,
        kept.role,
        text=plain(kept.text),
        phase=_phase_of(kept.finish_reason),
        spoken_ms=spoken_ms,
        metrics=kept.metrics,
        withdrawn=kept.withdrawn,
        stopped_at=len(plain(kept.text[: kept.heard])) if kept.heard is not None else None,
        read=True,
    )

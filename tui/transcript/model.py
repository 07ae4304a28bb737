"""The contents of a pane, folded from the entries of a source; nothing of the screen is in it.

A live conversation and a replay come through the same fold: nothing in it can tell them apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from gramophone.analysis.metrics import MetricsFold, TurnMetrics
from gramophone.core.timeline import (
    AnswerIncomplete,
    AnswerRetracted,
    AudioReceived,
    DeltaReceived,
    DeltasPassed,
    Entry,
    Failed,
    FlushSent,
    GiveBackReceived,
    HistoryRewound,
    ModelFinished,
    ModelQuiet,
    NoticeGiven,
    PictureAttached,
    ProgressMade,
    RequestSent,
    SessionEnded,
    SessionResumed,
    SessionStarted,
    SettingsChanged,
    TextSpoken,
    ThoughtReceived,
    TimelineRestarted,
    TurnCompleted,
    TurnInherited,
    TurnInterrupted,
    TurnStarted,
    UsageReported,
)
from gramophone.library.library import SessionRecord, speaker_name
from gramophone.ports.language_model import Message
from gramophone.text.sanitize import plain, plain_line
from tui.transcript.aside_fold import fold_aside
from tui.transcript.playback_fold import PlaybackFold, SoundState, SoundView
from tui.transcript.session_fold import session_after
from tui.transcript.turn_view import Phase, TurnView, Voice, phase_of, stored_view
from tui.transcript.turn_views import TurnViews

_REPEATED: Final = "repeated"
_ONLY_FIGURES: Final = frozenset({AudioReceived, FlushSent, TextSpoken, UsageReported})
"""Events of which metrics and word timing take note, and nothing that is shown here."""


class TranscriptModel:
    """A fold over entries, to be fed in order; it keeps the turns, and which of them have changed.

    One that is fed the shortened entries of a seek holds the same as one that was fed all events.
    """

    def __init__(self) -> None:
        self.progress: dict[str, str] = {}
        self.session: SessionStarted | None = None
        self.recording = False
        self.stored = True
        self.ended = False
        self.gave_back = False
        """Whether a question was refused and given back, which leaves its sentence alone."""
        self._views = TurnViews()
        self._playback = PlaybackFold(self._views)
        self._metrics = MetricsFold()
        self._unmeasured: dict[int, None] = {}
        self._notices = 0
        self._refused: TurnView | None = None
        self._restarted: TranscriptModel | None = None
        self._restart_entries_left = 0

    # --- reading ------------------------------------------------------------------------------

    @property
    def turns(self) -> dict[int, TurnView]:
        """Views by the number of their turn; notices have negative numbers."""
        return self._views.by_turn

    @property
    def sound(self) -> SoundView:
        return self._playback.sound

    def take_changed(self) -> list[TurnView]:
        """The turns touched since the last call, in order of their first change."""
        return self._views.take_changed()

    def take_removed(self) -> list[int]:
        """The turns that are no more since the last call: the source went back."""
        return self._views.take_removed()

    def take_refused(self) -> TurnView | None:
        """The question that the model refused since the last call, if it did."""
        refused, self._refused = self._refused, None
        return refused

    @property
    def busy(self) -> bool:
        """Whether something speaks or streams: what Escape would stop."""
        if self.sound.state is SoundState.SPEAKING or self._views.repeats:
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
    def visible(self) -> list[TurnView]:
        """The turns that are shown, notices among them."""
        return [view for view in self.turns.values() if not view.hidden]

    def last(self, voice: Voice) -> TurnView | None:
        """The last turn of a voice that counts."""
        counting = [v for v in self.turns.values() if v.voice == voice and not v.withdrawn]
        return counting[-1] if counting else None

    def messages(self, until: int | None = None) -> list[Message]:
        """The dialogue that a model would be sent, up to and with the turn `until`."""
        messages: list[Message] = []
        for turn, view in sorted(self.turns.items()):
            is_included = until is None or turn <= until
            if is_included and view.voice != "notice" and not view.withdrawn and view.text.strip():
                # Of an answer that did not come to its end a provider takes nothing back.
                items = tuple(view.give_back) if view.phase is Phase.DONE else ()
                pictures = tuple(view.pictures)
                messages.append(Message(view.voice, view.text, view.stopped_at, items, pictures))
        return messages

    # --- folding ------------------------------------------------------------------------------

    def load(self, record: SessionRecord) -> None:
        """Show a stored session as it ended."""
        self._playback.use_rate(record.sample_rate_hz)
        for turn in record.turns:
            if turn.finish_reason != _REPEATED:
                self._views.add(stored_view(turn))

    def apply(self, entry: Entry) -> None:
        """Fold one entry in; those that are not shown change nothing."""
        self.apply_all((entry,))

    def apply_all(self, entries: Iterable[Entry]) -> None:
        """Fold a batch of entries in, which costs less than one at a time."""
        for entry in entries:
            self._apply(entry)
        self._finish_batch()

    def _finish_batch(self) -> None:
        self._views.join()
        self._take_metrics()

    def _apply(self, entry: Entry) -> None:
        if isinstance(entry, TimelineRestarted):
            self._restarted, self._restart_entries_left = TranscriptModel(), entry.entries
        elif self._restarted is not None:
            self._restarted._apply(entry)
            self._restart_entries_left -= 1
        else:
            self._fold(entry)
        if self._restarted is not None and self._restart_entries_left <= 0:
            self._become(self._restarted)

    # A fold cannot run backwards. When a replay jumps back, its source says `TimelineRestarted`
    # and gives, in `entries` further entries, what holds at the new position. They are folded
    # into an empty model beside this one, which stays on the screen as it is; only with the last
    # of them, which may come several ticks later, is the old state exchanged for the new. So a
    # jump never shows an empty or a half-filled transcript, and turns that hold before and after
    # it keep their views, and with them their rows.

    def _become(self, restarted: TranscriptModel) -> None:
        restarted._finish_batch()
        restarted._views.replace(self._views)
        self.__dict__.update(restarted.__dict__)

    def _fold(self, entry: Entry) -> None:
        self._metrics.emit(entry)
        self._playback.timing.emit(entry)
        if isinstance(turn := getattr(entry, "turn", None), int):
            self._unmeasured[turn] = None
        if type(entry) in _ONLY_FIGURES:
            return
        match entry:
            case (
                DeltaReceived()
                | DeltasPassed()
                | TurnStarted()
                | TurnInterrupted()
                | TurnCompleted()
            ):
                self._fold_turn(entry)
            case SessionStarted() | SessionResumed() | SettingsChanged():
                self._fold_session(entry)
            case SessionEnded() | ProgressMade():
                self._fold_session(entry)
            case TurnInherited() | HistoryRewound():
                self._fold_history(entry)
            case Failed() | NoticeGiven():
                self._note(entry)
            case (
                ThoughtReceived()
                | AnswerRetracted()
                | AnswerIncomplete()
                | GiveBackReceived()
                | ModelFinished()
                | ModelQuiet()
                | RequestSent()
                | PictureAttached()
            ):
                fold_aside(self._views, entry)
            case _:
                self._playback.apply(entry)

    # --- session ------------------------------------------------------------------------------

    def _fold_session(
        self,
        entry: SessionStarted | SessionResumed | SettingsChanged | SessionEnded | ProgressMade,
    ) -> None:
        match entry:
            case SessionStarted() | SessionResumed():
                self.session = session_after(self.session, entry)
                self.recording, self.ended = True, False
                self._playback.use_rate(entry.sample_rate_hz)
            case SettingsChanged():
                self.session = session_after(self.session, entry)
            case SessionEnded():
                self.recording = False
                self.ended = True
                self._playback.end(SoundState.IDLE)
            case ProgressMade():
                subject = plain_line(entry.what)
                if entry.detail:
                    self.progress[subject] = plain_line(entry.detail)
                else:
                    self.progress.pop(subject, None)

    def _fold_history(self, entry: TurnInherited | HistoryRewound) -> None:
        if isinstance(entry, TurnInherited):
            view = self._views.set_text(entry.turn, plain(entry.text))
            view.voice, view.phase = entry.role, Phase.DONE
            if entry.remembered is not None:
                view.stopped_at = len(plain(entry.text[: entry.remembered]))
            return
        if entry.refused:
            self._refused, self.gave_back = self.turns.get(entry.to_turn), True
        for turn, view in self.turns.items():
            if turn >= entry.to_turn and not view.withdrawn:
                view.withdrawn = True
                self._views.mark_changed(turn)

    # --- turns --------------------------------------------------------------------------------

    def _fold_turn(
        self, entry: TurnStarted | DeltaReceived | DeltasPassed | TurnInterrupted | TurnCompleted
    ) -> None:
        if isinstance(entry, TurnStarted) and entry.repeats in self.turns:
            self._views.repeats[entry.turn] = entry.repeats
        if entry.turn in self._views.repeats:
            self._fold_repeat(entry)
            return
        view = self._views.touch(entry.turn)
        match entry:
            case TurnStarted():
                self._views.set_text(entry.turn, plain(entry.text)).voice = entry.role
                view.started_us = entry.at_us
                if entry.role == "assistant" and self.session is not None:
                    view.speaker = speaker_name("assistant", plain_line(self.session.model))
            case DeltaReceived() | DeltasPassed():
                self._views.append(entry.turn, entry.text)
                view.phase = Phase.ANSWERING
                view.quiet_s = 0
            case TurnInterrupted():
                self._views.finish_text(entry.turn)
                view.stopped_at = min(len(plain(entry.heard_text)), len(view.text))
                view.phase = Phase.STOPPED
                view.spoken_ms = self._playback.milliseconds(entry.turn, entry.heard_samples)
                self._playback.end(SoundState.STOPPED, entry.heard_samples)
            case TurnCompleted():
                self._complete(view, entry)

    def _fold_repeat(
        self, entry: TurnStarted | DeltaReceived | DeltasPassed | TurnInterrupted | TurnCompleted
    ) -> None:
        """Follow an earlier turn that is spoken again: only its sound is shown."""
        match entry:
            case TurnInterrupted():
                self._playback.end(SoundState.STOPPED, entry.heard_samples)
            case TurnCompleted():
                self._views.repeats.pop(entry.turn)
            case _:
                pass

    def _complete(self, view: TurnView, entry: TurnCompleted) -> None:
        self._views.finish_text(entry.turn)
        view.voice = entry.role
        if entry.finish_reason == "said":
            view.speaker = speaker_name(entry.role, "", only_spoken=True)
        if not view.text and entry.text:
            view.text = plain(entry.text)
        # An interrupted turn is completed, too, with the reason of its model; and a model may
        # say "stop" after it has failed. The end that the user saw first counts.
        if view.phase is not Phase.STOPPED:
            view.phase = Phase.FAILED if view.failures else phase_of(entry.finish_reason)

    def _note(self, entry: Failed | NoticeGiven) -> None:
        """Show a sentence at its turn, or between the turns where it belongs to none."""
        detail, failed = plain_line(entry.detail), isinstance(entry, Failed)
        if failed and entry.stage == "recording":
            self.recording = False
        if entry.turn is None or entry.turn in self._views.repeats:
            self._notices += 1
            view = self._views.touch(-self._notices)
            view.voice = "notice"
            view.phase = Phase.FAILED if failed else Phase.DONE
        else:
            view = self._views.touch(entry.turn)
            if failed and entry.stage == "model":
                view.phase = Phase.FAILED
        (view.failures if failed else view.notices).append(detail)

    def _take_metrics(self) -> None:
        """Copy the figures of the turns that entries of this batch belong to."""
        for turn in self._unmeasured:
            if (view := self.turns.get(turn)) is not None:
                figures = self._metrics.turn(turn)
                if figures is not view.metrics and figures != view.metrics:
                    view.metrics = figures
                    self._views.mark_changed(turn)
        self._unmeasured.clear()

"""The state of the speaker, folded from events, and the words that are heard meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from gramophone.alignment.word_timing import WordTiming
from gramophone.core.timeline import (
    MUTED,
    DeviceChanged,
    Entry,
    FlushAnswered,
    PlaybackFinished,
    PlaybackStarted,
    PlaybackStopped,
    PlayoutAdvanced,
    Underran,
)
from gramophone.text.sanitize import plain_line
from tui.transcript.turn_views import TurnViews

DEFAULT_RATE_HZ: Final = 48_000


class SoundState(Enum):
    """State of the speaker."""

    IDLE = "idle"
    SPEAKING = "speaking"
    STOPPED = "stopped"


@dataclass(slots=True)
class SoundView:
    """Playback of one turn: position, what is queued behind it, and the device."""

    state: SoundState = SoundState.IDLE
    turn: int | None = None
    position_samples: int = 0
    queued_samples: int = 0
    end_samples: int = 0
    rate_hz: int = DEFAULT_RATE_HZ
    missing_samples: int = 0
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
    def missing_s(self) -> float:
        """Length of the gaps in the turn's sound: it did not come in time."""
        return self.missing_samples / self.rate_hz


class PlaybackFold:
    """Folds events of the speaker into `sound`, and into the views of the turns that sound.

    `timing` has to be given every entry of the session, in order and before `apply`: it learns
    from texts and flushes which character is heard at which sample.
    """

    def __init__(self, views: TurnViews) -> None:
        self.sound = SoundView()
        self.timing = WordTiming()
        self._session_rate_hz = DEFAULT_RATE_HZ
        self._views = views

    def use_rate(self, session_rate_hz: int) -> None:
        """Count turns without a rate of their own at this one; 0 is the usual one."""
        self._session_rate_hz = self.sound.rate_hz = session_rate_hz or DEFAULT_RATE_HZ

    def apply(self, entry: Entry) -> None:
        """Fold one entry in; those that say nothing about the speaker change nothing."""
        sound = self.sound
        match entry:
            case PlayoutAdvanced():
                self._advance(entry)
            case PlaybackStarted():
                self._begin(entry.turn)
            case FlushAnswered() if entry.turn == sound.turn:
                sound.end_samples = entry.end_samples
            case PlaybackFinished():
                sound.end_samples = entry.played_samples
                self._set_played(entry.turn, entry.played_samples)
                # A turn that was stopped stays stopped when its device has drained.
                if sound.state is SoundState.SPEAKING:
                    self.end(SoundState.IDLE)
            case PlaybackStopped():
                self._set_played(entry.turn, entry.played_samples)
                if entry.heard_characters is not None and entry.turn not in self._views.repeats:
                    self._views.touch(entry.turn).stopped_at = entry.heard_characters
                self.end(SoundState.STOPPED)
            case Underran():
                sound.missing_samples += entry.missing_samples
            case DeviceChanged():
                sound.silent = entry.silent
                sound.device = entry.device
                sound.device_detail = plain_line(entry.detail)
            case _:
                pass

    def end(self, state: SoundState, heard_samples: int | None = None) -> None:
        """Note that nothing sounds any more; `heard_samples` is the last position, if known."""
        if heard_samples is not None:
            self.sound.position_samples = heard_samples
        self.sound.state = state
        self.sound.queued_samples = 0
        turn = self.sound.turn
        if turn is not None and self._views.shown_for(turn) is not None:
            view = self._views.touch(turn)
            view.speaking = False
            view.heard_chars = None

    def milliseconds(self, turn: int, samples: int) -> int:
        """Duration of so many samples of the turn's sound."""
        return samples * 1000 // self._rate_hz(turn)

    def _rate_hz(self, turn: int) -> int:
        return self.timing.own_rate_hz(turn) or self._session_rate_hz

    def _begin(self, turn: int) -> None:
        sound = self.sound
        sound.state = SoundState.SPEAKING
        sound.turn = turn
        sound.rate_hz = self._rate_hz(turn)
        sound.position_samples = sound.queued_samples = sound.end_samples = 0
        sound.missing_samples = 0
        self._views.touch(turn).speaking = True

    def _advance(self, entry: PlayoutAdvanced) -> None:
        sound = self.sound
        if entry.turn != sound.turn:
            self._begin(entry.turn)
        sound.position_samples = entry.position_samples
        sound.queued_samples = entry.queued_samples
        self._light_word(entry)

    def _set_played(self, turn: int, samples: int) -> None:
        self.sound.position_samples = samples
        self._views.touch(turn).spoken_ms = self.milliseconds(turn, samples)

    def _light_word(self, entry: PlayoutAdvanced) -> None:
        view = self._views.shown_for(entry.turn)
        if view is None or not view.speaking:
            return
        # Before the first chunk of a turn is known, nothing says where its text is heard; and
        # what plays into a muted device is not heard at all. Then no word is lit.
        heard_chars = None
        if not self.sound.muted and self.timing.position_of(entry.turn, 0) is not None:
            heard_chars = self.timing.heard_end(entry.turn, entry.position_samples)
        if heard_chars != view.heard_chars:
            view.heard_chars = heard_chars
            self._views.mark_changed(view.turn)

"""The content of one audio file: samples of its sessions one after another, at the requested rate
and number of channels, and the marks among them."""

from __future__ import annotations

from collections.abc import Collection, Generator
from typing import TYPE_CHECKING, TypeAlias

from gramophone.core.errors import StorageError
from gramophone.library.export_request import ExportRequest
from gramophone.library.library import SessionSummary
from storage.export.audio_tags import About, AudioMark, about, marks
from storage.export.excerpt import Excerpt, ExcerptTurn
from storage.export.excerpt_audio import BLOCK_SAMPLES, AudioPiece, ReportProgress, pieces
from storage.export.stored_session import ExportedSession, KeptSessions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples: TypeAlias = NDArray[np.int16]

_PARTS = 1000
_MISSED_LU = 0.5
_WIDEST_RATE_HZ = 48_000
"""What a form that cannot have every rate takes in place of one."""


class Mixdown:
    """Goes through the sessions as often as it is asked to; the rate, the length and the marks
    are those of the last time. `rates_hz` are those the form can have, all if none are named."""

    def __init__(
        self,
        sessions: KeptSessions,
        order: ExportRequest,
        progress: ReportProgress,
        rates_hz: Collection[int] = (),
    ) -> None:
        self.channels = 2 if order.stereo else 1
        self.rate_hz = 0
        self.samples = 0
        self.marks: list[AudioMark] = []
        self._summaries: list[SessionSummary] = []
        self._sessions = sessions
        self._order = order
        self._progress = progress
        self._rates_hz = rates_hz
        self._passed = -1

    @property
    def as_received(self) -> bool:
        """Whether the samples go out unprocessed."""
        order = self._order
        is_processed = order.stereo or order.sample_rate_hz or order.loudness_lufs is not None
        return not is_processed and not self._rates_hz

    @property
    def about(self) -> About:
        """Tags of all that was read so far."""
        return about(self._summaries)

    def sessions(self) -> Generator[tuple[ExportedSession, ReportProgress]]:
        """Those with sound, each with whom to tell how far it is. The one before has been added
        to `samples` when the next is asked for.

        Raises:
            StorageError: none has sound, or their rates differ and none was asked for.
        """
        self.samples, self.marks, self._summaries = 0, [], []
        self._passed += 1
        silent: list[str] = []
        own_hz, own_voice = 0, False
        for index, session in enumerate(self._sessions):
            excerpt = session.excerpt
            if not excerpt.samples:
                silent.append(session.id)
                continue
            if own_hz and excerpt.rate_hz != own_hz and not self._order.sample_rate_hz:
                raise _mixed(own_hz, excerpt.rate_hz)
            own_hz = excerpt.rate_hz
            own_voice = own_voice or any(t.record.role == "user" for t in _spoken(excerpt))
            self.rate_hz = self._rate_hz(own_hz)
            self._summaries.append(session.record.summary)
            self._mark(excerpt, session.record.summary.title if len(self._sessions) > 1 else "")
            yield session, self._progress_of(index)
        self._remark(silent, own_voice)

    def blocks(self) -> Generator[Samples]:
        """The samples as they belong into the file, a column a channel."""
        wanted_lufs = self._order.loudness_lufs
        if wanted_lufs is None:
            yield from self._blocks()
            return
        from storage.export.loudness import level, levelled

        chosen = level(self._blocks, lambda: self.rate_hz, wanted_lufs)
        if abs(chosen.reached_lufs - wanted_lufs) > _MISSED_LU:
            self._sessions.notes.append(_missed(chosen.reached_lufs))
        yield from levelled(self._blocks(), lambda: self.rate_hz, chosen.gain)

    def _blocks(self) -> Generator[Samples]:
        from storage.export.sample_conversion import resampled, spread

        for session, progress in self.sessions():
            own_hz = session.excerpt.rate_hz
            laid = (
                spread(_read(session, piece), self.channels, piece.turn)
                for piece in pieces(session, progress, BLOCK_SAMPLES)
            )
            for block in resampled(laid, own_hz, self.rate_hz, self.channels):
                self.samples += len(block)
                yield block

    def _rate_hz(self, own_hz: int) -> int:
        asked_hz = self._order.sample_rate_hz
        if not self._rates_hz or (asked_hz or own_hz) in self._rates_hz:
            return asked_hz or own_hz
        if asked_hz:
            rates = ", ".join(f"{rate:,}" for rate in sorted(self._rates_hz))
            raise StorageError(
                f"A file of the form {self._order.form} cannot have {asked_hz:,} Hz; give --rate "
                f"one of {rates}."
            )
        return _WIDEST_RATE_HZ

    def _mark(self, excerpt: Excerpt, title: str) -> None:
        for mark in marks(excerpt, title):
            at = self.samples + mark.at_samples * self.rate_hz // excerpt.rate_hz
            self.marks.append(AudioMark(at, mark.label, mark.turn))

    def _progress_of(self, index: int) -> ReportProgress:
        # How often it will be gone through is not known when a loudness is asked for: each time
        # counts for half of what was left.
        again = self._order.loudness_lufs is not None
        share = 0.5 ** (self._passed + 1) if again else 1.0
        before = 1.0 - 2 * share if again else 0.0

        def report(done: int, total: int) -> None:
            part = (index + done / total) / len(self._sessions)
            self._progress(round(_PARTS * (before + share * part)), _PARTS)

        return report

    def _remark(self, silent: list[str], own_voice: bool) -> None:
        if not self._summaries:
            sessions = f"The session {silent[0]} has" if len(silent) == 1 else "These sessions have"
            raise StorageError(
                f"{sessions} no sound to export; choose one in which something was spoken."
            )
        notes = self._sessions.notes
        if silent and not self._passed:
            notes.append(f"Left out, because nothing was spoken in them: {', '.join(silent)}.")
        if self.channels == 2 and not own_voice and not self._passed:
            notes.append("Your own voice was not recorded there, so the left channel is silent.")


def _spoken(excerpt: Excerpt) -> Generator[ExcerptTurn]:
    yield from (turn for turn in excerpt.turns if turn.stretches)


def _read(session: ExportedSession, piece: AudioPiece) -> bytes:
    if piece.turn is None:
        return bytes(2 * piece.samples)
    return session.pcm(piece.turn, piece.own_samples, piece.samples)


def _missed(reached_lufs: float) -> str:
    if reached_lufs == float("-inf"):
        return "There is nothing but silence in it, which has no loudness to change."
    return f"It came to {reached_lufs:.1f} LUFS; louder is not possible without distortion."


def _mixed(one_hz: int, other_hz: int) -> StorageError:
    return StorageError(
        f"These sessions have different sample rates ({one_hz:,} and {other_hz:,} Hz); give one "
        f"for the file with --rate {max(one_hz, other_hz)}, or a directory with -o."
    )

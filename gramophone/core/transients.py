"""Transients: facts of the moment, drawn and never recorded; `timeline` has them, too."""

from __future__ import annotations

from gramophone.core.entry_types import Transient, event


@event
class PlayoutAdvanced(Transient):
    """Playout position: samples of the turn handed to the device, and waiting to be."""

    turn: int
    position_samples: int
    queued_samples: int


@event
class LevelMeasured(Transient):
    """Level of what is being played, 0.0 to 1.0 of full scale."""

    peak: float
    rms: float


@event
class ProgressMade(Transient):
    """Something slow moved on (an engine loads); an empty `detail` says that it is done."""

    what: str
    detail: str


@event
class ModelQuiet(Transient):
    """The model was asked and has sent no text for `quiet_us`, whatever else it sends."""

    turn: int
    quiet_us: int


@event
class TimelineRestarted(Transient):
    """The source went back: what was emitted before no longer holds.

    What holds now follows at once, as the next `entries` entries; a client may wait for all of
    them before it draws.
    """

    entries: int


@event
class DeltasPassed(Transient):
    """Deltas of a turn that were gone over in one step; `at_us` is that of the first."""

    turn: int
    text: str
    deltas: int

"""Detection of a voice in sound that is not recognised, from the loudness of its steps."""

from __future__ import annotations

from gramophone.wire.deepgram.sound_steps import STEP_US

_PAUSE_STEPS = 3
_END_US = 640_000
"""The silence that ends an utterance: longer than most pauses within a sentence."""


_LATEST_US = 10_000_000
"""The time after which sound that tells of no voice is taken for one."""


def needs_voice(pause_us: int, late_us: int) -> bool:
    """Whether a recorded utterance needs a voice in sound that has told of none so far.

    One that followed a pause had a voice in the recording. One without a pause may lie over zeros,
    and has its place in them as well.

    Args:
        pause_us: the silence before it in the recording.
        late_us: the time since it would have begun there.
    """
    return pause_us > _PAUSE_STEPS * STEP_US and late_us < _LATEST_US


class VoiceDetector:
    """Whether an utterance may begin, and whether it is over, step by step.

    A voice begins with a loud step behind a pause of 240 ms. What holds besides depends on whether
    utterances are activated by a voice:

    - Without activation, an utterance may begin at any step while the sound is all of a kind.
    - With it, the first loud step is one that begins, too, and silence alone begins none.

    Sound whose loudness cannot be told lets an utterance begin at any step.
    """

    def __init__(self, *, activates: bool = False) -> None:
        self._activates = activates
        self._quiet_steps = 0
        self._loudness: set[bool] = set()
        self._is_fresh = True
        self._heard_us = 0
        self.loud_until_us = 0
        """Instant of the stream up to which it was loud; 0 before any loud step."""

    def hear(self, loud: bool | None) -> bool:
        """Take a step; gives whether an utterance may begin in it. None is unknown loudness."""
        self._heard_us += STEP_US
        if loud is None:
            return True
        begins = loud and self._quiet_steps >= _PAUSE_STEPS
        if self._activates:
            begins = begins or (loud and self._is_fresh)
        self._is_fresh = self._is_fresh and not loud
        self._quiet_steps = 0 if loud else self._quiet_steps + 1
        if loud:
            self.loud_until_us = self._heard_us
        self._loudness.add(loud)
        return begins or not (self._activates or self.tells)

    def pause(self) -> None:
        """Take note that the client has ended an utterance: the next loud step begins another."""
        self._is_fresh = True

    @property
    def tells(self) -> bool:
        """Whether the sound has been both loud and quiet."""
        return len(self._loudness) == 2

    @property
    def is_silent(self) -> bool:
        """Whether there was sound, and none of it was loud."""
        return self._loudness == {False}

    @property
    def knows_silence(self) -> bool:
        """Whether the sound tells silence from a voice; when it activates, any known loudness does.

        Otherwise sound that was all of a kind tells nothing.
        """
        return self.tells or (self._activates and bool(self._loudness))

    @property
    def quiet_us(self) -> int:
        """The time since the last loud step; that since the beginning before any."""
        return self._heard_us - self.loud_until_us

    @property
    def is_speaking(self) -> bool:
        """Whether the sound tells that somebody speaks right now."""
        return self.knows_silence and bool(self.loud_until_us) and not self.quiet_us

    def is_over(self, start_us: int) -> bool:
        """Whether a voice was heard behind `start_us`, and then 640 ms of silence."""
        return self._activates and self.loud_until_us > start_us and self.quiet_us >= _END_US

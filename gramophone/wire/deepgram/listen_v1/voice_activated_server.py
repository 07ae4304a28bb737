"""Listen v1 by rule, for a user who speaks when it is his turn.

The utterances are known beforehand, as in `server`, but each begins with a voice in the sound.
"""

# The sound is looked at in steps of 80 ms. Between utterances nothing is recognised, however long
# that takes, until a voice begins (`voice_detection`). From there on the words of the next
# utterance are laid over the sound. Its final result comes at the last word, but
#
#   later     while the sound is still loud: the voice is slower than the words; at most 5 s
#   earlier   when 640 ms of silence follow the voice: it was quicker than the words
#   at once   for a Finalize, CloseStream or the end of the stream. A stream that was never loud is
#             then taken for the sound of the utterance, for programs that send zeros as sound

from __future__ import annotations

from collections.abc import Iterable

from gramophone.wire.deepgram.listen_v1.connection import Action
from gramophone.wire.deepgram.listen_v1.messages import FINALIZE, ListenParameters, ServerMessage
from gramophone.wire.deepgram.listen_v1.server import ListenServer
from gramophone.wire.deepgram.listen_v1.utterances import (
    UtteranceQueue,
    squeezed_words,
)
from gramophone.wire.deepgram.server_actions import SendText
from gramophone.wire.deepgram.sound_steps import STEP_US, SoundSteps
from gramophone.wire.deepgram.voice_detection import VoiceDetector

_LONGEST_WAIT_US = 5_000_000
"""The wait for silence behind the last word, in sound that stays loud."""


class VoiceActivatedServer(ListenServer):
    """A connection that takes an utterance from the queue when a voice begins."""

    def __init__(self, parameters: ListenParameters, utterances: UtteranceQueue) -> None:
        self._voice = VoiceDetector(activates=True)
        self._now_us = 0
        super().__init__(parameters, utterances)
        self._steps = SoundSteps(parameters.encoding, parameters.bytes_per_second)

    def put_back(self) -> None:
        """Leave an utterance without a final result to the next connection."""
        self._queue.put_back(self.unfinished)

    def _hear(self, sound: bytes) -> list[Action]:
        self._sha256.update(sound)
        return [
            SendText(message) for loud in self._steps.hear(sound) for message in self._step(loud)
        ]

    def _answer(self, kind: str) -> list[Action]:
        actions = super()._answer(kind)
        if kind == FINALIZE:
            self._voice.pause()
        return actions

    def _step(self, loud: bool | None) -> Iterable[ServerMessage]:
        """Hear 80 ms more."""
        begins = self._voice.hear(loud)
        if not self._words and self._may_begin(begins=begins):
            self._lay_next(self._now_us)
        self._now_us += STEP_US
        if self._words and self._voice.is_over(self._start_us):
            self._words = squeezed_words(
                self._words, self._start_us, min(self._voice.loud_until_us, self._words[-1].end_us)
            )
        return self._recognised(self._now_us)

    def _may_begin(self, *, begins: bool) -> bool:
        following = self._queue.next
        if following is None or following.after_us is None:
            return begins
        return self._now_us >= self._start_us + following.after_us

    def _end_us(self) -> int:
        return max(self._words[-1].end_us, self._voice.loud_until_us)

    def _is_over(self, now_us: int) -> bool:
        end_us = self._words[-1].end_us
        return now_us >= end_us + (_LONGEST_WAIT_US if self._voice.is_speaking else 0)

    def _begun(self, now_us: int) -> bool:
        if not self._words and self._voice.is_silent:
            self._lay_next(self._start_us)
        return bool(self._words) and now_us > self._start_us

    def _place_next(self, start_us: int) -> None:
        """Wait for the next utterance, from here on."""
        self._start_us, self._words = start_us, ()

    def _lay_next(self, start_us: int) -> None:
        """Lay the next utterance over the sound that begins here."""
        if self._queue.next is not None:
            super()._place_next(start_us)

"""Listen v1 by rule, for a user who speaks when it is his turn.

The utterances are known beforehand, as in `server`, but each begins with a voice in the sound.
"""

# The sound is looked at in steps of 80 ms. Between utterances nothing is recognised, however long
# that takes, until a voice begins (`voice_detection`). From there on the words of the next
# utterance are laid over the sound. Its final result comes
#
#   behind the last word   when 400 ms of silence follow the voice, which may be slower than the
#                          words, but after 5 s at the latest
#   earlier                when 640 ms of silence follow it: it was quicker than the words
#   at once                for a Finalize, CloseStream or the end of the stream. A stream that was
#                          never loud is then taken for the sound of the utterance, for programs
#                          that send zeros as sound

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

_SILENCE_US = 400_000
"""The silence that ends an utterance behind its last word; most pauses within one are shorter."""
_LONGEST_WAIT_US = 5_000_000
"""The wait for it, in sound that stays loud."""


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
        is_quiet = not self._voice.knows_silence or self._voice.quiet_us >= _SILENCE_US
        return now_us >= end_us + (0 if is_quiet else _LONGEST_WAIT_US)

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

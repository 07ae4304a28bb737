"""Turns of the user by rule: which event comes when, in sound that nobody understands.

Utterances are known beforehand, with their lengths; each becomes a turn.
"""

# Time is that of the stream, and goes in steps of 80 ms, so the cutting into frames changes
# nothing. At each step one thing is said, or none:
#
#   state     what is so                                   event           next
#   --------  -------------------------------------------  --------------  --------
#   quiet     a word was heard                             StartOfTurn     speaking
#   speaking  confidence reached eager_eot_threshold       EagerEndOfTurn  eager
#   eager     one more word was heard, or loud sound       TurnResumed     speaking
#   speaking, confidence reached eot_threshold, or         EndOfTurn       quiet
#   eager     no word came for eot_timeout_ms
#   any       240 ms since the last event                  Update          the same
#
# Confidence that a turn is over grows with the silence behind its last word, and reaches 0.99, its
# most, after half a second: an eot_threshold of 1.0 leaves the end to the timeout.
#
# An utterance is laid over the sound that follows the turn before it. Where the sound has been both
# loud and quiet, it tells when somebody speaks: then the next turn waits for the first loud sound
# after a pause, so that a client that sends silence while it speaks itself is not interrupted, and
# loud sound behind the last word is no silence, so that a voice slower than expected is not cut in
# two. Sound that is all of a kind (zeros, noise), or compressed, tells nothing: all behind the last
# word is silence, and the next turn begins at once. The first turn begins with the sound, whatever
# it is.
#
# In a voice-activated queue each turn waits for a voice, the first one, too, and silence alone is
# nothing. Words that outlast their voice are heard at once when 640 ms of silence follow it.

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from gramophone.core.frozen import frozen
from gramophone.wire.deepgram.listen_v1.messages import HeardWord
from gramophone.wire.deepgram.listen_v1.utterances import (
    Utterance,
    UtteranceQueue,
    laid_words,
    squeezed_words,
)
from gramophone.wire.deepgram.listen_v2.messages import TurnEvent, TurnInfo, TurnTrigger
from gramophone.wire.deepgram.listen_v2.parameters import TurnThresholds
from gramophone.wire.deepgram.sound_steps import STEP_US
from gramophone.wire.deepgram.voice_detection import VoiceDetector

_UPDATE_US = 240_000
_SURE_AFTER_US = 500_000
_SUREST, _UNSURE = 0.99, 0.02


@frozen(kw_only=True)
class TurnFaults:
    """Faults of turns: each strikes in the turn of this number, counted from 1.

    0 stands for every turn, None for none.
    """

    never_ends: int | None = None
    resumes: int | None = None
    late_words: int | None = None
    goes_silent: int | None = None


def strikes(fault: int | None, turn_index: int) -> bool:
    """Whether a fault strikes in the turn of this index, counted from 0."""
    return fault is not None and fault in (0, turn_index + 1)


class TurnTaking:
    """The turns of one connection, step by step."""

    def __init__(
        self,
        utterances: UtteranceQueue | Iterable[Utterance],
        thresholds: TurnThresholds,
        faults: TurnFaults | None = None,
    ) -> None:
        self.thresholds = thresholds
        self._faults = faults or TurnFaults()
        is_queue = isinstance(utterances, UtteranceQueue)
        self._queue = utterances if is_queue else UtteranceQueue(utterances)
        self._taken: list[Utterance] = []
        self._taken_at_ends: list[int] = []
        self._voice = VoiceDetector(activates=self._queue.voice_activated)
        self._now_us = 0
        self._turn_index = 0
        self._turn_start_us = 0
        self._said_us = 0
        self._words: tuple[HeardWord, ...] = ()
        self._laid_us = 0
        self._reported_words = 0
        self._eager = False
        # Words that come later than they should: behind an EagerEndOfTurn, or behind the end.
        self._held: tuple[HeardWord, ...] = ()
        self._late: tuple[HeardWord, ...] = ()

    @property
    def silent(self) -> bool:
        """Whether a fault has come after which nothing is said any more, whatever happens."""
        return bool(self._reported_words) and strikes(self._faults.goes_silent, self._turn_index)

    def unfinished(self, turns: int) -> tuple[Utterance, ...]:
        """The utterances that were taken behind the end of so many turns."""
        return tuple(self._taken[self._taken_at_ends[turns - 1] if turns else 0 :])

    def step(self, loud: bool | None) -> list[TurnInfo]:
        """Hear 80 ms more."""
        may_begin = self._voice.hear(loud)
        if not self._words:
            self._begin(may_begin=may_begin)
        self._now_us += STEP_US
        self._hurry()
        ended_words = self._reported_words
        while ended_words < len(self._words) and self._words[ended_words].end_us <= self._now_us:
            ended_words += 1
        resumed = ended_words > self._reported_words
        if event := self._event(resumed=resumed):
            if event == "EndOfTurn":
                self._reported_words = ended_words
                return [self._end("model" if self._sure else "timeout")]
            self._reported_words = ended_words
            self._eager = event == "EagerEndOfTurn"
            turn_info = self._say(event)
            if self._eager:
                self._release()
            return [turn_info]
        if self._now_us < self._said_us + _UPDATE_US:
            return []
        self._reported_words = ended_words
        return [self._say("Update")]

    def force_end(self) -> list[TurnInfo]:
        """End the turn now, with all its words; empty when there is none."""
        messages: list[TurnInfo] = []
        if not self._reported_words and self._queue.voice_activated:
            if not self._words and self._voice.is_silent:
                self._begin(may_begin=True)
            messages = self._complete("StartOfTurn")
        self._voice.pause()
        if not self._reported_words:
            return []
        messages += self._complete("TurnResumed" if self._eager else None)
        return [*messages, self._end("manual")]

    def finish(self) -> list[TurnInfo]:
        """Say what is left of a turn, which stays without an end."""
        if self._reported_words:
            return self._complete("Update")
        return self._complete("StartOfTurn") if self._queue.voice_activated else []

    # --- what is said -------------------------------------------------------------------------

    @property
    def _sure(self) -> bool:
        return self._confidence() >= self.thresholds.eot

    def _event(self, *, resumed: bool) -> TurnEvent | None:
        """The event that is due at this step, unless it is an Update."""
        if not self._reported_words:
            return "StartOfTurn" if resumed else None
        if self._eager:
            if resumed or self._voice.is_speaking:
                return "TurnResumed"
        elif self.thresholds.eager_eot is not None and not self._sure_or_late():
            return "EagerEndOfTurn" if self._confidence() >= self.thresholds.eager_eot else None
        return "EndOfTurn" if self._sure_or_late() else None

    def _sure_or_late(self) -> bool:
        """Whether the turn is over, by its confidence or by its silence."""
        if self._held or strikes(self._faults.never_ends, self._turn_index):
            return False
        timeout_us = 1_000 * self.thresholds.timeout_ms
        return self._sure or self._wordless_us() >= timeout_us

    def _wordless_us(self) -> int:
        """The time since the last word; 0 while there are words to come."""
        return max(0, self._now_us - self._words[-1].end_us) if self._words else 0

    def _silence_us(self) -> int:
        """The silence since the last word, as far as the sound tells."""
        wordless_us = self._wordless_us()
        if not self._voice.knows_silence:
            return wordless_us
        return min(wordless_us, self._voice.quiet_us)

    def _confidence(self) -> float:
        if not self._reported_words:
            return 0.0
        if strikes(self._faults.never_ends, self._turn_index):
            return _UNSURE
        grown = round(self._silence_us() / _SURE_AFTER_US, 4)
        return min(max(grown, _UNSURE), _SUREST)

    def _say(self, event: TurnEvent, trigger: TurnTrigger | None = None) -> TurnInfo:
        self._said_us = self._now_us
        return TurnInfo(
            event=event,
            turn_index=self._turn_index,
            start_us=self._turn_start_us,
            end_us=self._now_us,
            words=self._words[: self._reported_words],
            confidence=self._confidence(),
            trigger=trigger,
        )

    def _complete(self, event: TurnEvent | None) -> list[TurnInfo]:
        """Hear the words that are missing, in the time that there was; tell them as `event`."""
        words = self._words + self._held
        if len(words) == self._reported_words:
            return []
        self._words, self._held = squeezed_words(words, self._laid_us, self._now_us), ()
        self._reported_words = len(words)
        return [self._say(event)] if event else []

    def _end(self, trigger: TurnTrigger) -> TurnInfo:
        turn_info = self._say("EndOfTurn", trigger)
        self._turn_index += 1
        self._turn_start_us = self._now_us
        self._words, self._reported_words, self._eager = (), 0, False
        self._taken_at_ends.append(len(self._taken))
        return turn_info

    # --- words over sound ---------------------------------------------------------------------

    def _begin(self, *, may_begin: bool) -> None:
        """Lay the next utterance over the sound from here on."""
        if self._late:
            self._words, self._late = self._late, ()
            self._laid_us = self._words[0].start_us
            return
        utterance = self._queue.next
        if utterance is not None and utterance.after_us is not None:
            may_begin = self._now_us >= self._turn_start_us + utterance.after_us
        if utterance is None or not may_begin:
            return
        self._laid_us = self._now_us
        words = laid_words(utterance, self._now_us)
        self._queue.take()
        self._taken.append(utterance)
        faults = self._faults
        if strikes(faults.late_words, self._turn_index):
            self._late, words = words[1:][-1:], words[:1] + words[1:-1]
        resumes = strikes(faults.resumes, self._turn_index)
        if resumes and self.thresholds.eager_eot is not None and len(words) > 1:
            half = len(words) // 2
            words, self._held = words[:half], words[half:]
        self._words = words

    def _hurry(self) -> None:
        """Bring the words into the voice that was heard, once that is over."""
        if self._words and self._voice.is_over(self._laid_us):
            end_us = min(self._voice.loud_until_us, self._words[-1].end_us)
            self._words = squeezed_words(self._words, self._laid_us, end_us)

    def _release(self) -> None:
        """Let the words that were held back follow from here on."""
        if self._held:
            delay_us = self._now_us - self._held[0].start_us
            self._words += tuple(
                replace(word, start_us=word.start_us + delay_us, end_us=word.end_us + delay_us)
                for word in self._held
            )
            self._held = ()

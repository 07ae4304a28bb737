"""Utterances that a listening service is to recognise, and their words laid over the sound."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import accumulate

from gramophone.core.frozen import frozen
from gramophone.wire.deepgram.listen_v1.messages import HeardWord, words_of


@frozen
class Utterance:
    """A text that is recognised, and the length of the sound that it takes.

    Attributes:
        after_us: the silence between the utterance before it, or the beginning of the sound, and
            its first word; None where the sound decides. Counts in a voice-activated queue alone.
    """

    text: str
    duration_us: int
    after_us: int | None = None


class UtteranceQueue:
    """Utterances in order, of which a connection takes the next when its sound begins.

    Attributes:
        voice_activated: whether an utterance begins with a voice in the sound; if not, each lies
            behind the one before it, whatever the sound is.
    """

    def __init__(
        self, utterances: Iterable[Utterance] = (), *, voice_activated: bool = False
    ) -> None:
        """Leave out utterances without words or length: they cannot be laid over sound."""
        self.voice_activated = voice_activated
        self._waiting = deque(
            utterance
            for utterance in utterances
            if words_of(utterance.text) and utterance.duration_us
        )

    @property
    def next(self) -> Utterance | None:
        """The utterance that `take` would give."""
        return self._waiting[0] if self._waiting else None

    @property
    def waiting(self) -> tuple[Utterance, ...]:
        """The utterances that were not taken."""
        return tuple(self._waiting)

    def take(self) -> Utterance | None:
        """Take the next utterance; None when there is none."""
        return self._waiting.popleft() if self._waiting else None

    def put_back(self, utterances: Sequence[Utterance]) -> None:
        """Put utterances that were taken, and not recognised to their end, before the others."""
        self._waiting.extendleft(reversed(utterances))


def laid_words(utterance: Utterance, start_us: int) -> tuple[HeardWord, ...]:
    """The words of an utterance, over the sound that begins here; longer words take longer."""
    words = words_of(utterance.text)
    ends = list(accumulate(map(len, words)))
    instants = [start_us + utterance.duration_us * end // ends[-1] for end in [0, *ends]]
    return tuple(map(HeardWord, words, instants, instants[1:]))


def squeezed_words(
    words: tuple[HeardWord, ...], start_us: int, end_us: int
) -> tuple[HeardWord, ...]:
    """Words that were laid from `start_us` on, brought into the time up to `end_us`."""
    span_us, length_us = end_us - start_us, max(1, words[-1].end_us - start_us) if words else 1
    return tuple(
        HeardWord(
            word.text,
            start_us + (word.start_us - start_us) * span_us // length_us,
            start_us + (word.end_us - start_us) * span_us // length_us,
        )
        for word in words
    )

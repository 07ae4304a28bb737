"""Listen v1 by rule: transcripts of sound that is not recognised at all.

The utterances are known beforehand, with their lengths, and lie over the sound one behind the
other from its beginning: as far as the sound has come, so many words were heard.
"""

# For each utterance the messages come in this order, each when stream time has reached it:
#
#   SpeechStarted      with vad_events, at the first sound of the utterance
#   Results, interim   with interim_results, at most one a second, and only if it has a word more
#                      than the last; it repeats all words since the start of the utterance
#   Results, final     at the end of the last word; speech_final unless endpointing=false
#   UtteranceEnd       with utterance_end_ms, that long after the last word, unless an interim
#                      result has shown meanwhile that speech goes on
#
# Clients put a transcript together from the final results alone, so their words must neither
# overlap nor leave a gap: the next utterance begins where the final result ends. The words share
# the duration by their number of characters, which is exact enough for clients that only show
# them, and the same on every machine.

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from gramophone.wire.deepgram.listen_v1.connection import Action, ListenConnection
from gramophone.wire.deepgram.listen_v1.messages import (
    CONFIGURE,
    FINALIZE,
    ConfigureFailure,
    ConfigureSuccess,
    HeardWord,
    ListenParameters,
    Metadata,
    Results,
    ServerMessage,
    SpeechStarted,
    UtteranceEnd,
)
from gramophone.wire.deepgram.listen_v1.utterances import (
    Utterance,
    UtteranceQueue,
    laid_words,
    squeezed_words,
)
from gramophone.wire.deepgram.server_actions import SendText

_INTERIM_US = 1_000_000


class ListenServer(ListenConnection):
    """A connection that recognises the utterances it was made with, in order."""

    def __init__(
        self, parameters: ListenParameters, utterances: UtteranceQueue | Iterable[Utterance]
    ) -> None:
        super().__init__(parameters)
        is_queue = isinstance(utterances, UtteranceQueue)
        self._queue = utterances if is_queue else UtteranceQueue(utterances)
        self._current: Utterance | None = None
        self._sha256 = hashlib.sha256()
        self._start_us = 0
        self._words: tuple[HeardWord, ...] = ()
        self._started = False
        self._interim_words = 0
        self._interim_us = 0
        self._last_word_end_us: int | None = None
        self._place_next(0)

    @property
    def unfinished(self) -> tuple[Utterance, ...]:
        """The utterance that was taken, and had no final result yet."""
        return () if self._current is None else (self._current,)

    def _hear(self, sound: bytes) -> list[Action]:
        self._sha256.update(sound)
        return [SendText(message) for message in self._recognised(self._meter.now_us)]

    def _answer(self, kind: str) -> list[Action]:
        if kind == FINALIZE:
            return [SendText(self._finished(from_finalize=True))]
        return [SendText(self._configured())] if kind == CONFIGURE else []

    def _finish(self) -> list[Action]:
        now_us = self._meter.now_us
        return [
            SendText(self._finished()),
            SendText(Metadata(self._sha256.hexdigest(), now_us)),
        ]

    def _recognised(self, now_us: int) -> Iterator[ServerMessage]:
        while self._words:
            if self._parameters.vad_events and not self._started and now_us > self._start_us:
                self._started = True
                yield SpeechStarted(self._start_us)
            if not self._is_over(now_us):
                break
            yield self._final(self._words, self._end_us())
        if interim := self._interim(now_us):
            yield interim
        end_us, wait_ms = self._last_word_end_us, self._parameters.utterance_end_ms
        if end_us is not None and wait_ms is not None and now_us >= end_us + 1_000 * wait_ms:
            self._last_word_end_us = None
            yield UtteranceEnd(end_us)

    def _end_us(self) -> int:
        """The end of an utterance that is over."""
        return self._words[-1].end_us

    def _is_over(self, now_us: int) -> bool:
        return now_us >= self._words[-1].end_us

    def _interim(self, now_us: int) -> Results | None:
        words = self._words_until(now_us)
        due = now_us >= self._interim_us + _INTERIM_US and len(words) > self._interim_words
        if not self._parameters.interim_results or not due:
            return None
        self._interim_us, self._interim_words = now_us, len(words)
        # A word has been said, so whatever was before it is over.
        self._last_word_end_us = None
        return Results(start_us=self._start_us, end_us=now_us, words=words)

    def _final(
        self, words: tuple[HeardWord, ...], end_us: int, *, from_finalize: bool = False
    ) -> Results:
        """The final result up to `end_us`, behind which the next utterance begins."""
        result = Results(
            start_us=self._start_us,
            end_us=end_us,
            words=words,
            is_final=True,
            speech_final=bool(words) and self._parameters.endpointing,
            from_finalize=from_finalize,
        )
        if words:
            self._current, self._last_word_end_us = None, end_us
            self._place_next(end_us)
        return result

    def _finished(self, *, from_finalize: bool = False) -> Results:
        """The final result at a point where the client asks for it.

        An utterance that was begun is given whole, its words squeezed into the time that there
        was; one that was not begun is not given, and the result is empty.
        """
        now_us = max(self._meter.now_us, self._start_us)
        words = squeezed_words(self._words, self._start_us, now_us) if self._begun(now_us) else ()
        return self._final(words, now_us, from_finalize=from_finalize)

    def _begun(self, now_us: int) -> bool:
        return bool(self._words_until(now_us)) or (self._start_us == 0 and now_us > 0)

    def _configured(self) -> ServerMessage:
        if self._parameters.has_keyterms:
            return ConfigureSuccess()
        return ConfigureFailure(
            "CONFIGURE_KEYTERMS_NOT_SUPPORTED", "Only Nova-3 models take other keyterms."
        )

    def _words_until(self, now_us: int) -> tuple[HeardWord, ...]:
        return tuple(word for word in self._words if word.end_us <= now_us)

    def _place_next(self, start_us: int) -> None:
        """Lay the next utterance over the sound that begins here."""
        self._start_us, self._interim_us, self._interim_words = start_us, start_us, 0
        self._started = False
        self._current = self._queue.take()
        self._words = laid_words(self._current, start_us) if self._current else ()

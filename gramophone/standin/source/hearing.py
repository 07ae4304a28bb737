"""Utterances that a stand-in hears, shared by all connections, and a report of those it did not."""

from __future__ import annotations

from collections.abc import Sequence

from gramophone.standin.source.matching import Difference
from gramophone.wire.deepgram.listen_v1.utterances import Utterance, UtteranceQueue


class ExpectedUtterances:
    """The utterances of a source.

    Where a voice activates them, each is heard once: connections and whole recordings take them
    from one queue. Unless `strict`, they begin again with a connection after the last. Without
    activation each connection hears all of them from the beginning, and none is missed.
    """

    def __init__(
        self,
        utterances: Sequence[Utterance] = (),
        *,
        voice_activated: bool = False,
        strict: bool = False,
    ) -> None:
        self._utterances = tuple(utterances)
        self._voice_activated = voice_activated
        self._strict = strict
        self._queue = UtteranceQueue(utterances, voice_activated=voice_activated)
        self._count = len(self._queue.waiting)
        self._has_begun_again = False
        self._surplus: list[Difference] = []

    @property
    def expectation(self) -> ExpectedUtterances:
        """This object, under the name by which answers and speech give theirs."""
        return self

    @property
    def has_begun(self) -> bool:
        """Whether any utterance was heard, or a recording came for which there was none."""
        waiting = len(self._queue.waiting)
        return self._has_begun_again or bool(self._surplus) or waiting < self._count

    def queue(self) -> UtteranceQueue:
        """The queue for a new connection."""
        if not self._voice_activated:
            return UtteranceQueue(self._utterances)
        if not self._strict and self._queue.next is None:
            self._begin_again()
        return self._queue

    def of_recording(self, description: str) -> tuple[Utterance, ...] | None:
        """The utterances in a recording that was sent whole; None if a strict source has no more.

        `description` names the recording in the report.
        """
        if not self._voice_activated:
            return self._utterances
        if self._queue.next is None:
            self._surplus.append(Difference("extra", "recording", "", description))
            if self._strict:
                return None
            self._begin_again()
        utterance = self._queue.take()
        return () if utterance is None else (utterance,)

    def differences(self) -> tuple[Difference, ...]:
        """The recordings that came more often than expected, then the utterances not heard."""
        if self._has_begun_again or not self._voice_activated:
            return tuple(self._surplus)
        unheard = (
            Difference("unsent", "utterance", utterance.text, "")
            for utterance in self._queue.waiting
        )
        return (*self._surplus, *unheard)

    def _begin_again(self) -> None:
        self._has_begun_again = True
        self._queue.put_back(self._utterances)

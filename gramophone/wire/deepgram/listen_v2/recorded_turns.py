"""Turns that Listen v2 told of, read from its recorded messages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gramophone.wire.deepgram.listen_v1.recorded_server import seconds_in
from gramophone.wire.deepgram.listen_v1.utterances import Utterance
from gramophone.wire.lenient_json import as_list, as_object, as_text, read_object


class HeardTurns:
    """A reader of the messages of one connection.

    Attributes:
        open: the turn that has not ended; None without one.
    """

    def __init__(self) -> None:
        self.open: Utterance | None = None

    def read(self, text: str) -> Utterance | None:
        """Read a message; gives the turn that ends with it, if one does."""
        fields = read_object(text)
        if fields.get("type") != "TurnInfo":
            return None
        if transcript := as_text(fields.get("transcript")):
            self.open = Utterance(transcript, _length_us(fields))
        if fields.get("event") != "EndOfTurn":
            return None
        ended, self.open = self.open, None
        return ended


def _length_us(fields: dict[str, Any]) -> int:
    """The length of what was said: of its words or, where they have no times, of its window."""
    words = [as_object(word) for word in as_list(fields.get("words"))]
    said_s = seconds_in(words[-1].get("end")) - seconds_in(words[0].get("start")) if words else 0
    if said_s <= 0:
        window = (fields.get("audio_window_end"), fields.get("audio_window_start"))
        said_s = seconds_in(window[0]) - seconds_in(window[1])
    return max(1, round(said_s * 1_000_000))


def heard_turns(texts: Iterable[str]) -> list[Utterance]:
    """The turns in a connection's messages; the last may be one that never ended."""
    reader = HeardTurns()
    ended = [turn for text in texts if (turn := reader.read(text))]
    return [*ended, reader.open] if reader.open else ended

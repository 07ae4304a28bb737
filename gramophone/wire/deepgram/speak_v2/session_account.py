"""Sound and characters of a Speak v2 session: its clock, and the sums of its SessionMetadata."""

# A client states in `playback_offset` how much of the *session's* sound it has played: it counts
# the binary frames, which carry no label. The clock is the server's end of that count. It stands
# at the end of the last turn that is over, so a turn's own sound begins at `clock` and an offset
# within the turn is `offset - clock`.
#
# After an Interrupt the client has thrown away what it had received and not played. It goes on
# counting from the offset that it gave, so the clock is set there, back as well as forward. Sound
# that was thrown away is taken out of the total again. Without an offset all sound that was sent
# is taken to be played, and the clock moves on as at the end of a turn.

from __future__ import annotations

from gramophone.wire.deepgram.speak_v2.messages import SessionMetadata, SpeechMetadata


class SessionAccount:
    """Counts the turns of one session as they end; times are milliseconds of sound."""

    def __init__(self) -> None:
        self._clock_ms = 0
        self._interrupted_ms: int | None = None
        self._total_ms = 0
        self._input_characters = 0
        self._billable_characters = 0

    @property
    def metadata(self) -> SessionMetadata:
        """The sums so far."""
        return SessionMetadata(self._total_ms, self._input_characters, self._billable_characters)

    def is_new(self, offset_ms: int | None) -> bool:
        """Whether an Interrupt with this offset goes beyond the one before."""
        last_ms = -1 if self._interrupted_ms is None else self._interrupted_ms
        return offset_ms is None or offset_ms > last_ms

    def complete(self, turn: SpeechMetadata) -> None:
        """Add a turn that was sent to its end."""
        self._clock_ms += turn.audio_duration_ms
        self._total_ms += turn.audio_duration_ms
        self.count(turn)

    def interrupt(self, produced_ms: int, offset_ms: int | None) -> tuple[int, int]:
        """Set the clock to where the client has heard of a turn that made so much sound.

        Returns:
            The new clock, and the part of the turn that was played.
        """
        begun_ms, end_ms = self._clock_ms, self._clock_ms + produced_ms
        self._total_ms += produced_ms
        played_ms, heard_ms = end_ms, produced_ms
        if offset_ms is not None:
            played_ms = offset_ms
            heard_ms = min(max(played_ms - begun_ms, 0), produced_ms)
            self._total_ms -= min(max(end_ms - played_ms, 0), self._total_ms)
        self._clock_ms = self._interrupted_ms = played_ms
        return played_ms, heard_ms

    def count(self, turn: SpeechMetadata) -> None:
        """Add the characters of a turn."""
        self._input_characters += turn.input_character_count
        self._billable_characters += turn.billable_character_count

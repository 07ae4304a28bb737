"""Turns of the user from a recording: the service's messages again, over the sound that comes."""

# A turn begins with a voice in the sound (`voice_detection`), so it has its place also where a
# client is silent for another time than in the recording, as between a fast answer and the next
# question. As long as the sound is all of a kind, a turn that followed another without a pause
# begins where it did in the recording, for programs that send zeros as sound. From there on each
# message comes as long after the beginning of its turn as it did, with its times moved by as much
# as the turn is. Between turns there is an empty Update every 240 ms, as in `turns`.
#
# A ForceEndTurn brings all that is left of a turn. The end of a turn that was forced in the
# recording waits for it, or for eot_timeout_ms; a turn that never ended gets an end in that time,
# too. CloseStream brings what is left without the end.

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gramophone.wire.deepgram.listen_v1.utterances import Utterance
from gramophone.wire.deepgram.listen_v2.messages import RecordedTurnInfo, TurnInfo
from gramophone.wire.deepgram.listen_v2.parameters import TurnThresholds
from gramophone.wire.deepgram.listen_v2.recorded_turns import RecordedUserTurn, window_end_us
from gramophone.wire.deepgram.sound_steps import STEP_US
from gramophone.wire.deepgram.voice_detection import VoiceDetector, needs_voice

_UPDATE_US = 240_000
_END = "EndOfTurn"


class RecordedTurnTaking:
    """The turns of one recorded connection, step by step, in the place of a `TurnTaking`."""

    silent = False

    def __init__(self, turns: Iterable[RecordedUserTurn], thresholds: TurnThresholds) -> None:
        self.thresholds = thresholds
        self._waiting = deque(turns)
        self._voice = VoiceDetector(activates=True)
        self._due: deque[tuple[int, Mapping[str, Any]]] = deque()
        self._now_us = 0
        self._said_us = 0
        self._turn_index = 0
        self._turn_start_us = 0
        self._shift_us = 0
        self._transcript: object = ""

    def unfinished(self, turns: int) -> tuple[Utterance, ...]:
        """Nothing: each connection has turns of its own."""
        return ()

    def step(self, loud: bool | None) -> list[RecordedTurnInfo | TurnInfo]:
        """Hear 80 ms more."""
        voice_begins = self._voice.hear(loud)
        if not self._due and self._waiting:
            self._begin(voice_begins=voice_begins and loud is not None)
        self._now_us += STEP_US
        messages: list[RecordedTurnInfo | TurnInfo] = []
        while self._due and self._due[0][0] <= self._now_us:
            messages.append(self._next())
        if not messages and not self._due and self._now_us >= self._said_us + _UPDATE_US:
            messages.append(self._silence())
        if messages:
            self._said_us = self._now_us
        return messages

    def force_end(self) -> list[RecordedTurnInfo | TurnInfo]:
        """End the turn now, with all its words; empty when there is none."""
        self._voice.pause()
        messages: list[RecordedTurnInfo | TurnInfo] = []
        while self._due:
            messages.append(self._next(trigger="manual"))
        return messages

    def finish(self) -> list[RecordedTurnInfo | TurnInfo]:
        """Say what is left of a turn, which stays without an end."""
        messages: list[RecordedTurnInfo | TurnInfo] = []
        while self._due:
            due_us, fields = self._due[0]
            if fields.get("event") == _END:
                if fields.get("transcript") == self._transcript:
                    self._due.popleft()
                    continue
                self._due[0] = due_us, {**fields, "event": "Update", "trigger": None}
            messages.append(self._next())
        return messages

    def _begin(self, *, voice_begins: bool) -> None:
        """Lay the next turn over the sound from here on, if it is time."""
        turn = self._waiting[0]
        recorded_us = self._turn_start_us + turn.after_us
        late_us = self._now_us + STEP_US - recorded_us
        is_silence = self._voice.tells or late_us <= 0 or needs_voice(turn.after_us, late_us)
        if is_silence and not voice_begins:
            return
        self._waiting.popleft()
        is_late = late_us > STEP_US
        begins_us = self._now_us if voice_begins or is_late else recorded_us
        self._shift_us = begins_us - turn.begins_us
        self._due.extend(self._laid(turn))

    def _laid(self, turn: RecordedUserTurn) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """The messages of a turn, each with the instant when it is due."""
        timeout_us = 1_000 * self.thresholds.timeout_ms
        due_us = 0
        for fields in turn.messages:
            is_forced = fields.get("event") == _END and fields.get("trigger") == "manual"
            due_us = window_end_us(fields) + self._shift_us + (timeout_us if is_forced else 0)
            yield due_us, fields
        last = turn.messages[-1]
        if last.get("event") != _END:
            yield due_us + timeout_us, {**last, "event": _END, "trigger": "timeout"}

    def _next(self, *, trigger: str = "") -> RecordedTurnInfo:
        _, fields = self._due.popleft()
        self._transcript = fields.get("transcript")
        is_end = fields.get("event") == _END
        if is_end and trigger:
            fields = {**fields, "trigger": trigger}
        message = RecordedTurnInfo(
            fields=fields,
            turn_index=self._turn_index,
            start_us=self._turn_start_us,
            shift_us=self._shift_us,
            end_us=self._now_us,
        )
        if is_end:
            self._turn_index += 1
            self._turn_start_us = self._now_us
        return message

    def _silence(self) -> TurnInfo:
        return TurnInfo(
            event="Update",
            turn_index=self._turn_index,
            start_us=self._turn_start_us,
            end_us=self._now_us,
        )

"""A small world in which one utterance is spoken: a model, a service and a player, on one time.

The model gives a token every so often. The service speaks on Flush alone: the first byte comes
so long after it, the rest faster than it plays. The player starts with the first sound and
notes where it had nothing to play while more was to come.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from gramophone.conversation.speech_pacer import SpeechPacer
from gramophone.wire.deepgram.speak_v1.client import ClientLimits, SpeakClient
from gramophone.wire.deepgram.speak_v1.messages import Flushed, render
from gramophone.wire.speech_client import FlushDone

STEP_US = 10_000
FRAME_US = 40_000


@dataclass(slots=True)
class Service:
    """Speaks `us_per_char`, `speed` times faster than it sounds, `latency_us` after a flush."""

    us_per_char: int = 66_667
    latency_us: int = 150_000
    speed: int = 20
    heard: list[str] = field(default_factory=list[str])
    _text: str = ""
    _due: deque[tuple[int, int]] = field(default_factory=deque[tuple[int, int]])
    _busy_until_us: int = 0

    def receive(self, frame: str, now_us: int) -> None:
        message = json.loads(frame)
        if message["type"] == "Speak":
            self._text += message["text"]
            return
        text, self._text = self._text, ""
        self.heard.append(text)
        length_us = len(text.strip()) * self.us_per_char
        at_us = max(now_us + self.latency_us, self._busy_until_us)
        while length_us > 0:
            self._due.append((at_us, min(FRAME_US, length_us)))
            length_us -= FRAME_US
            at_us += FRAME_US // self.speed
        self._due.append((at_us, 0))
        self._busy_until_us = at_us

    def sends(self, now_us: int) -> Iterator[int]:
        """The lengths of the frames that come now; 0 is a Flushed."""
        while self._due and self._due[0][0] <= now_us:
            yield self._due.popleft()[1]


@dataclass(slots=True)
class Spoken:
    """What came of it."""

    texts: list[str]
    first_sound_us: int
    flushes_us: list[int]
    gaps: list[tuple[int, int]]
    """Where the player had nothing to play: the instant and the length."""
    sound_us: int

    @property
    def words(self) -> list[str]:
        return " ".join(self.texts).split()

    def most_flushes(self, window_us: int = 60_000_000) -> int:
        """The most that fall into any window of this length."""
        return max(
            sum(1 for at_us in self.flushes_us if began_us <= at_us < began_us + window_us)
            for began_us in self.flushes_us
        )


def speak(
    tokens: Sequence[str],
    *,
    tokens_per_second: float = 50,
    service: Service | None = None,
    limits: ClientLimits | None = None,
) -> Spoken:
    """Let the model say these tokens, and the service speak them to the end."""
    service = service or Service()
    utterance = SpeechPacer(0)
    client = SpeakClient(limits or ClientLimits(), 0)
    spoken = Spoken(service.heard, -1, [], [], 0)
    now_us = fed = 0
    queued_us = 0
    while True:
        due = min(len(tokens), int(now_us * tokens_per_second / 1_000_000) + 1)
        for token in tokens[fed:due]:
            utterance.feed(token)
        if due == len(tokens):
            utterance.finish()
        fed = due
        for length_us in service.sends(now_us):
            if length_us:
                client.receive_audio(now_us)
                utterance.audio(now_us, length_us)
                queued_us += length_us
                spoken.sound_us += length_us
                if spoken.first_sound_us < 0:
                    spoken.first_sound_us = now_us
                continue
            for meaning in client.receive_text(render(Flushed(0)), now_us):
                assert isinstance(meaning, FlushDone)
                utterance.flush_done(meaning.flush)
        while sending := utterance.send(now_us, queued_us, client.flushes_left(now_us)):
            for index, chunk in enumerate(sending.chunks):
                client.speak(chunk.text, sending.first_chunk + index)
            client.flush(sending.flush)
        for outgoing in client.poll(now_us):
            service.receive(outgoing.frame, now_us)
            if outgoing.flush is not None:
                spoken.flushes_us.append(now_us)
        if utterance.complete:
            return spoken
        if spoken.first_sound_us >= 0:
            if queued_us < STEP_US:
                _note_gap(spoken.gaps, now_us, STEP_US - queued_us)
            queued_us = max(0, queued_us - STEP_US)
        now_us += STEP_US
        assert now_us < 4000_000_000, "it was never spoken to its end"


def _note_gap(gaps: list[tuple[int, int]], now_us: int, length_us: int) -> None:
    if gaps and gaps[-1][0] + gaps[-1][1] >= now_us - STEP_US:
        began_us, before_us = gaps[-1]
        gaps[-1] = (began_us, before_us + length_us)
    else:
        gaps.append((now_us, length_us))

"""Both halves of Speak v2 against each other: any steps, with frames under way both ways."""

from __future__ import annotations

from collections import deque

from hypothesis import given, settings
from hypothesis import strategies as st

from gramophone.wire.deepgram.server_actions import (
    CancelSynthesis,
    CloseConnection,
    SendAudio,
    SendText,
    StartSynthesis,
)
from gramophone.wire.deepgram.speak_v2.client import SpeakV2
from gramophone.wire.deepgram.speak_v2.messages import Connected, render
from gramophone.wire.deepgram.speak_v2.parameters import FluxParameters
from gramophone.wire.deepgram.speak_v2.rules import FluxQuirks
from gramophone.wire.deepgram.speak_v2.server import Action, SpeakV2Server
from gramophone.wire.speech_client import ClearDone, FlushDone, OutgoingFrame

PARAMETERS = FluxParameters(model="flux-haley-en", sample_rate_hz=8_000)
STEPS = ["word", "sentence", "flush", "interrupt", "to-server", "to-client", "sound", "spoken"]


class Line:
    """A client and a server with a line between them; every word is a chunk of its own."""

    def __init__(self, quirks: FluxQuirks) -> None:
        self.server = SpeakV2Server(
            Connected("r", "flux-haley-en", "1", ()), PARAMETERS, None, quirks
        )
        self.client = SpeakV2(PARAMETERS.bytes_per_second).client(0)
        self.to_server: deque[str] = deque()
        self.to_client: deque[str | tuple[int, bytes]] = deque()
        self.job: int | None = None
        self.texts: dict[int, str] = {}
        self.live: set[int] = set()
        self.words = self.flushes = self.cleared = self.clears = self.now_us = 0
        self.open = False
        self.waiting_flushes: list[int] = []
        self.took(self.server.opened(0))

    def took(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case SendText(message):
                    self.to_client.append(render(message))
                case StartSynthesis(job=job, text=text):
                    self.job, self.texts[job] = job, text
                case CancelSynthesis():
                    self.job = None
                case SendAudio():
                    raise AssertionError("sound comes from the voice alone")
                case CloseConnection(code=code, reason=reason):
                    raise AssertionError(f"closed with {code} {reason}")

    def step(self, step: str, amount: int) -> None:
        self.now_us += 1000
        match step:
            case "word" | "sentence":
                ending = "." if step == "sentence" else ""
                self.client.speak(f"W{self.words}{ending}", self.words)
                self.live.add(self.words)
                self.words += 1
                self.open = True
            case "flush" if self.open:
                self.client.flush(self.flushes)
                self.waiting_flushes.append(self.flushes)
                self.flushes += 1
                self.open = False
            case "interrupt":
                self.interrupt(amount)
            case "to-server" if self.to_server:
                self.took(self.server.text_received(self.to_server.popleft(), self.now_us))
            case "to-client" if self.to_client:
                self.arrived(self.to_client.popleft())
            case "sound" if self.job is not None:
                for action in self.server.audio_made(self.job, bytes(16 * amount)):
                    self.to_client.append((self.job, action.pcm))
            case "spoken" if self.job is not None:
                job, self.job = self.job, None
                self.took(self.server.synthesised(job))
            case _:
                pass
        if (due_us := self.server.deadline_us) is not None and due_us <= self.now_us:
            self.took(self.server.time_passed(self.now_us))
        self.sends(self.client.poll(self.now_us))

    def interrupt(self, unheard_ms: int) -> None:
        frames = self.client.clear(self.now_us, unheard_ms * 1000)
        self.to_server += frames
        self.clears += len(frames)
        self.live.clear()
        self.waiting_flushes.clear()
        self.open = False

    def sends(self, frames: list[OutgoingFrame]) -> None:
        self.to_server += [outgoing.frame for outgoing in frames]

    def arrived(self, frame: str | tuple[int, bytes]) -> None:
        if isinstance(frame, str):
            for event in self.client.receive_text(frame, self.now_us):
                match event:
                    case FlushDone(flush):
                        assert self.waiting_flushes.pop(0) == flush
                    case ClearDone():
                        self.cleared += 1
                    case _:
                        pass
            return
        job, pcm = frame
        numbers = {int(word.strip(".")[1:]) for word in self.texts[job].split()}
        # Sound of what was cleared is stale, and no other sound is.
        assert self.client.stale == numbers.isdisjoint(self.live)
        self.client.receive_audio(self.now_us, len(pcm))

    def settle(self) -> None:
        """Flush, and let everything happen that is under way."""
        self.step("flush", 0)
        for _ in range(500):
            busy = self.to_server or self.to_client or self.job is not None
            if not busy and self.server.deadline_us is None:
                break
            for step in ("to-server", "to-client", "sound", "spoken", "to-client"):
                self.step(step, 40)


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 400)), max_size=60),
    interrupt_us=st.sampled_from([0, 5_000]),
    late_flushed=st.booleans(),
)
def test_every_flush_is_done_and_every_interruption_answered(
    steps: list[tuple[str, int]], interrupt_us: int, late_flushed: bool
) -> None:
    line = Line(FluxQuirks(interrupt_us=interrupt_us, late_flushed=late_flushed))
    for step, amount in steps:
        line.step(step, amount)
    line.settle()
    assert line.waiting_flushes == []
    assert line.cleared == line.clears
    assert not line.client.owing
    assert not line.client.stale

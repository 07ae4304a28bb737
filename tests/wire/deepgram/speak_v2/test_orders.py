"""Speak v2 in any order of messages, sounds and moments: what always holds."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from gramophone.wire.deepgram.server_actions import (
    CancelSynthesis,
    CloseConnection,
    SendAudio,
    SendText,
    StartSynthesis,
)
from gramophone.wire.deepgram.speak_v2.messages import (
    ClientMessage,
    Close,
    Configure,
    Connected,
    Errored,
    Flush,
    Flushed,
    Interrupt,
    SessionMetadata,
    Speak,
    SpeechInterrupted,
    SpeechMetadata,
    SpeechStarted,
    render,
)
from gramophone.wire.deepgram.speak_v2.parameters import FluxParameters
from gramophone.wire.deepgram.speak_v2.rules import FluxLimits, FluxQuirks
from gramophone.wire.deepgram.speak_v2.server import Action, SpeakV2Server

AT_8_KHZ = FluxParameters(model="flux-haley-en", sample_rate_hz=8_000)
ONE_MS = bytes(16)
SECOND_US = 1_000_000


@dataclass
class Witness:
    """Sees all that goes out, and holds it against the rules."""

    job: int | None = None
    started: list[str] = field(default_factory=list[str])
    ended: list[str] = field(default_factory=list[str])
    flushed: list[str] = field(default_factory=list[str])
    turn_ms: int = 0
    sound_ms: int = 0
    position_ms: int = 0
    total_ms: int = 0
    characters: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    last_played_ms: int = -1
    interrupting: bool = False
    closing: bool = False
    over: bool = False

    def see(self, actions: list[Action]) -> None:
        for action in actions:
            assert not self.over
            match action:
                case SendText(message):
                    self._hear(message)
                case SendAudio(pcm):
                    assert self.is_within_a_turn
                    self.sound_ms += len(pcm) // 16
                case StartSynthesis():
                    assert self.job is None
                    assert self.is_within_a_turn
                    assert action.text.strip()
                    self.job = action.job
                case CancelSynthesis():
                    assert self.job == action.job
                    self.job = None
                case CloseConnection(code, reason):
                    assert (code == 1000) == (reason == "")
                    self.over = True

    @property
    def is_within_a_turn(self) -> bool:
        return len(self.started) == len(self.ended) + 1

    def _hear(self, message: object) -> None:
        match message:
            case SpeechStarted(speech_id):
                assert not self.is_within_a_turn
                assert re.fullmatch("dg_sp_[0-9a-f]{12}", speech_id)
                self.started.append(speech_id)
                self.sound_ms = 0
            case Flushed(speech_id):
                assert self.is_within_a_turn
                assert speech_id == self.started[-1]
                self.flushed.append(speech_id)
            case SpeechMetadata():
                assert message.audio_duration_ms == self.sound_ms
                assert self.job is None
                assert not self.interrupting
                assert message.speech_id in self.flushed or self.closing
                self.position_ms += self.sound_ms
                self.total_ms += self.sound_ms
                self._end(message)
            case SpeechInterrupted(played_ms, metadata):
                assert played_ms > self.last_played_ms or message.text_spoken is None
                assert metadata.audio_duration_ms <= self.sound_ms
                sent_ms = self.position_ms + self.sound_ms
                unheard_ms = max(0, sent_ms - played_ms)
                self.total_ms = max(0, self.total_ms + self.sound_ms - unheard_ms)
                self.last_played_ms = self.position_ms = played_ms
                self.interrupting = False
                self._end(metadata)
            case SessionMetadata(total_ms, characters, billable):
                assert not self.is_within_a_turn
                assert characters == sum(counted for counted, _ in self.characters)
                assert billable == sum(billed for _, billed in self.characters)
                assert total_ms == self.total_ms
            case Errored(code):
                assert code in ("NET-0000", "NET-0003", "NET-0004")
            case _:
                pass

    def _end(self, metadata: SpeechMetadata) -> None:
        assert self.is_within_a_turn
        assert metadata.speech_id == self.started[-1]
        assert metadata.billable_character_count <= metadata.input_character_count
        self.ended.append(metadata.speech_id)
        self.characters.append((metadata.input_character_count, metadata.billable_character_count))

    def at_the_end(self) -> None:
        assert len(set(self.started)) == len(self.started)
        assert self.started[: len(self.ended)] == self.ended
        assert len(set(self.flushed)) == len(self.flushed)


texts = st.sampled_from(
    ["Hello there. ", "How", " are you?", " ", "...", "", "One. Two. Three.", "[laughs] Ha. "]
)
Step: TypeAlias = ClientMessage | int | str

moves: st.SearchStrategy[tuple[Step, ...]] = st.one_of(
    texts.map(lambda text: (Speak(text),)),
    texts.map(lambda text: (Speak(text), Flush())),
    st.integers(1, 50).map(lambda ms: (ms,)),
    st.integers(1, 50).map(lambda ms: (ms, "done")),
    st.integers(0, 40).map(lambda tenths: (Interrupt(tenths * 5),)),
    st.integers(1, 50).map(lambda ms: (Speak("One two. And"), ms, Interrupt(ms))),
    st.integers(1, 50).map(lambda ms: (Speak("One two. And"), ms, Interrupt(), "done", "second")),
    st.sampled_from([Flush(), Close(), Interrupt(), Configure(), Configure(1.2)]).map(
        lambda message: (message,)
    ),
    st.sampled_from(["done", "failed", "pinged", "second", "half a minute", "stale"]).map(
        lambda step: (step,)
    ),
)
steps = st.lists(moves, max_size=30).map(lambda chosen: [step for move in chosen for step in move])
quirks = st.builds(
    FluxQuirks,
    only_on_flush=st.booleans(),
    interrupt_us=st.sampled_from([0, 0, SECOND_US // 2]),
    retried_segment=st.none() | st.integers(1, 4),
    failed_configure=st.none() | st.integers(1, 2),
)


class Played:
    """A server, what is played to it, and who watches."""

    def __init__(self, quirks: FluxQuirks, limits: FluxLimits) -> None:
        self.server = SpeakV2Server(Connected("r", "m", "1", ()), AT_8_KHZ, limits, quirks)
        self.witness = Witness()
        self.now_us = 0
        self.stale: list[int] = []
        self.witness.see(self.server.opened(0))

    def play(self, step: Step) -> None:
        job = self.witness.job
        match step:
            case int():
                actions: list[Action] = []
                if job is not None:
                    actions += self.server.audio_made(job, ONE_MS * step)
                    assert len(actions) == 1
            case "done":
                actions = [] if job is None else self._finish(job)
            case "failed":
                self.witness.job, failed = None, job
                actions = [] if failed is None else self._fail(failed)
            case "pinged":
                self.server.pinged(self.now_us)
                actions = []
            case "stale":
                for old in self.stale:
                    assert self.server.audio_made(old, ONE_MS) == []
                    assert self.server.synthesised(old) == []
                    assert self.server.failed(old) == []
                actions = []
            case str():
                self.now_us += SECOND_US if step == "second" else 30 * SECOND_US
                actions = self.server.time_passed(self.now_us)
            case _:
                self.witness.closing |= isinstance(step, Close)
                actions = self.server.text_received(render(step), self.now_us)
                # An Interrupt that is answered at once with nothing is being processed.
                self.witness.interrupting |= isinstance(step, Interrupt) and not actions
        self.witness.see(actions)
        if job is not None and self.witness.job != job:
            self.stale.append(job)

    def _finish(self, job: int) -> list[Action]:
        self.witness.job = None
        return self.server.synthesised(job)

    def _fail(self, job: int) -> list[Action]:
        # The machine takes leave of the job that failed before it begins another.
        self.witness.job = job
        return self.server.failed(job)


@settings(max_examples=150, deadline=None)
@given(
    steps,
    quirks,
    st.sampled_from([FluxLimits(), FluxLimits.none()]),
)
def test_in_any_order_the_rules_hold(
    played: list[Step], quirks: FluxQuirks, limits: FluxLimits
) -> None:
    world = Played(quirks, limits)
    for step in played:
        world.play(step)
    world.witness.at_the_end()


@settings(max_examples=150, deadline=None)
@given(steps, quirks)
def test_close_always_leads_to_the_end(played: list[Step], quirks: FluxQuirks) -> None:
    world = Played(quirks, FluxLimits.none())
    for step in played:
        world.play(step)
    world.play(Close())
    for _ in range(500):
        if world.witness.over:
            break
        world.play("done" if world.witness.job is not None else "second")
    assert world.witness.over
    world.witness.at_the_end()
    assert world.server.text_received(render(Speak("Hello. You")), world.now_us) == []
    assert world.server.time_passed(2**62) == []


@settings(deadline=None)
@given(
    st.lists(texts, min_size=1, max_size=8).map("".join),
    st.lists(st.integers(1, 400), max_size=4),
    st.integers(0, 1_500),
)
def test_what_was_heard_and_what_was_not_are_the_text(
    text: str, lengths_ms: list[int], offset_ms: int
) -> None:
    world = Played(FluxQuirks(), FluxLimits.none())
    world.play(Speak(text))
    for length_ms in lengths_ms:
        world.play(length_ms)
        world.play("done")
    world.play(1)
    actions = world.server.text_received(render(Interrupt(offset_ms)), 0)
    for action in actions:
        if isinstance(action, SendText) and isinstance(action.message, SpeechInterrupted):
            spoken, remaining = action.message.text_spoken, action.message.text_remaining
            assert spoken is not None
            assert remaining is not None
            assert spoken + remaining == text.replace("[laughs]", "")

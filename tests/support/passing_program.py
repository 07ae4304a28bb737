"""Two conversations answer at once, and the sound is passed between them, in a process of its own:
`python -m tests.support.passing_program HOME CHAT_URL SPEAK_URL`.

A process of its own, because ALSA reads its configuration once a process.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from gramophone.app.engine_thread import EngineThread
from gramophone.app.live_conversation import LiveConversation
from gramophone.config.config import Config
from gramophone.core.intents import Submit
from gramophone.core.timeline import (
    DeltaReceived,
    DeviceChanged,
    Entry,
    PlayoutAdvanced,
    TurnCompleted,
)
from gramophone.devices.stderr_guard import keep_native_noise_out
from storage.recording.recorder import Recorder
from tests.support.deadlines import HANG_S
from tests.support.sound_card import RATE_HZ, wait_until

STRETCH_SAMPLES = RATE_HZ
"""How long each has the sound, by its own playout."""

PASSES = 4
QUESTIONS = ("The first?", "The second?")


class Watched:
    """A talk, and all that its feed has told since `forget`."""

    def __init__(self, talk: LiveConversation) -> None:
        self.talk = talk
        self._entries: list[Entry] = []
        self.position_samples = 0
        self.ended = False

    def forget(self) -> None:
        self._take()
        self._entries.clear()

    def until_told(self, holds: Callable[[Entry], bool], description: str) -> None:
        def has_come() -> bool:
            self._take()
            return any(holds(entry) for entry in self._entries)

        wait_until(has_come, f"{description} is told")

    def until_at(self, position_samples: int) -> bool:
        """Wait for a position of the playout; False if the answer ended before it."""

        def there() -> bool:
            self._take()
            return self.ended or self.position_samples >= position_samples

        wait_until(there, "so much was played")
        return not self.ended

    def until_ended(self) -> None:
        def over() -> bool:
            self._take()
            return self.ended

        wait_until(over, "the end is told")

    def _take(self) -> None:
        taken = self.talk.feed.take()
        self._entries += taken
        for entry in taken:
            if isinstance(entry, PlayoutAdvanced):
                self.position_samples = entry.position_samples
            self.ended |= isinstance(entry, TurnCompleted) and entry.role == "assistant"


def has_device(entry: Entry) -> bool:
    return isinstance(entry, DeviceChanged) and not entry.silent


def has_words(entry: Entry) -> bool:
    return isinstance(entry, DeltaReceived)


def passing(backend: EngineThread) -> int:
    """Pass the sound to and fro while there is sound; return how often."""
    talks = [
        Watched(backend.open_conversation()),
        Watched(backend.open_conversation(focused=False)),
    ]
    talks[0].until_told(has_device, "the device")
    for question, watched in zip(QUESTIONS, talks, strict=True):
        # One after the other: the model gives its answers in the order they are asked for.
        watched.talk.post(Submit(question))
        watched.until_told(has_words, "an answer")
    current = 0
    talks[current].until_at(STRETCH_SAMPLES)
    passed = 0
    for _ in range(PASSES):
        current = 1 - current
        talks[current].forget()
        # In the order the panes stand in, as the screen does it.
        for number, watched in enumerate(talks):
            watched.talk.set_audio_focus(number == current)
        talks[current].until_told(has_device, "the device")
        if not talks[current].until_at(talks[current].position_samples + STRETCH_SAMPLES):
            # The answers go on in real time: this machine took longer than they last.
            break
        passed += 1
    for watched in talks:
        watched.until_ended()
    return passed


def main(home: str, chat_url: str, speak_url: str) -> None:
    config = Config(
        home=Path(home),
        config_file=Path(home) / "config.toml",
        provider="openai",
        model="told",
        openai_base_url=chat_url,
        # The machine may do other things for longer than a service is usually waited for.
        voice="patient",
        voice_tables={
            "patient": {"protocol": "speak-v1", "base_url": speak_url, "timeout_s": HANG_S}
        },
    )
    backend = EngineThread(config, Recorder.open(config.home))
    backend.start()
    try:
        sys.stdout.write(f"{passing(backend)}\n")
    finally:
        backend.stop()


if __name__ == "__main__":
    keep_native_noise_out()
    main(*sys.argv[1:])

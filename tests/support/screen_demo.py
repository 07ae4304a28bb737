"""The app over a scripted backend that talks by itself: `python -m tests.support.screen_demo`.

For the eye, and for measuring the first frame; no engine, no sound.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Sequence

from gramophone.core.intents import Intent, Interrupt, Say, StopPlayback, Submit
from gramophone.core.timeline import (
    DeltaReceived,
    Entry,
    PlaybackFinished,
    PlaybackStarted,
    PlayoutAdvanced,
    RequestSent,
    TextSpoken,
    TurnCompleted,
    TurnInterrupted,
    TurnStarted,
    UsageReported,
)
from gramophone.ports.backend import ConversationOptions
from gramophone.ports.language_model import Message
from tests.support.builders import SAMPLE_RATE_HZ, session_started
from tests.support.screen_answers import CODE
from tests.support.screen_backend import (
    FakeBackend,
    FakeLibrary,
    FakeReplay,
    FakeTalk,
    kept_session,
)
from tests.support.speech_like import sound, syllables
from tui.app import GramophoneApp

ANSWER = f"""Sure, here is how a **gramophone** works.

1. A needle follows the groove.
2. The diaphragm turns its movement into *sound*.
3. The horn makes it louder.

{CODE}
| Part | Does |
|---|---|
| Needle | follows |
| Horn | amplifies |

See [the museum](https://example.org/horn) for more.
"""


class TalkingFeed(FakeReplay):
    """Streams an answer and its sound by the machine's clock."""

    def __init__(self, choice: ConversationOptions | None = None, first_turn: int = 0) -> None:
        choice = choice or ConversationOptions()
        named = {"provider": choice.provider, "model": choice.model}
        super().__init__([session_started(**{k: v for k, v in named.items() if v})])
        self._began_s = time.monotonic()
        self._turn = first_turn
        self._sent = 0
        self._answering: float | None = None

    def ask(self, text: str) -> None:
        self.stop()
        self.put(
            TurnStarted(at_us=self._now_us, turn=self._turn, role="user", text=text),
            TurnStarted(at_us=self._now_us, turn=self._turn + 1, role="assistant"),
            RequestSent(
                at_us=self._now_us, turn=self._turn + 1, provider="local", model="m", messages=1
            ),
        )
        self._answering = time.monotonic()
        self._sent = 0

    def stop(self) -> None:
        if self._answering is None:
            return
        heard_text = ANSWER[: self._sent // 2]
        turn = self._turn + 1
        self.put(
            TurnInterrupted(
                at_us=self._now_us, turn=turn, heard_text=heard_text, heard_samples=48_000
            ),
            TurnCompleted(
                at_us=self._now_us,
                turn=turn,
                role="assistant",
                text=heard_text,
                finish_reason="interrupted",
            ),
        )
        self._answering = None
        self._turn += 2

    def take(self) -> list[Entry]:
        if self._answering is not None:
            self._stream(time.monotonic() - self._answering)
        return super().take()

    @property
    def _now_us(self) -> int:
        return int((time.monotonic() - self._began_s) * 1e6)

    def _stream(self, passed_s: float) -> None:
        turn, at = self._turn + 1, self._now_us
        due = min(len(ANSWER), int(max(0.0, passed_s - 0.3) * 120))
        if due > self._sent:
            if self._sent == 0:
                self.put(DeltaReceived(at_us=at, turn=turn, text=""))
                self.put(
                    TextSpoken(at_us=at, turn=turn, chunk=0, text="", source_start=0, source_end=0),
                    sound(turn, syllables(200), SAMPLE_RATE_HZ),
                    PlaybackStarted(at_us=at + 150_000, turn=turn, device="demo"),
                )
            self.put(DeltaReceived(at_us=at, turn=turn, text=ANSWER[self._sent : due]))
            self._sent = due
        sounding = passed_s - 0.5
        if 0 < sounding < 10:
            position = int(sounding * SAMPLE_RATE_HZ)
            self.put(
                PlayoutAdvanced(
                    at_us=at, turn=turn, position_samples=position, queued_samples=100_000
                ),
            )
        elif sounding >= 10:
            self.put(
                UsageReported(at_us=at, turn=turn, input_tokens=12, output_tokens=186),
                PlaybackFinished(at_us=at, turn=turn, played_samples=10 * SAMPLE_RATE_HZ),
                TurnCompleted(
                    at_us=at, turn=turn, role="assistant", text=ANSWER, finish_reason="stop"
                ),
            )
            self._answering = None
            self._turn += 2


class TalkingBackend(FakeBackend):
    """Each pane streams and sounds by itself."""

    def __init__(self) -> None:
        titles = ("What is a gramophone?", "Plan a week in Lisbon", "Why is the sky blue?")
        records = [kept_session(n, titles[n % 3] if n % 2 else "") for n in range(160)]
        super().__init__(library=FakeLibrary(records))

    def open_conversation(
        self,
        choice: ConversationOptions = ConversationOptions(),  # noqa: B008 (frozen)
        *,
        inherited: Sequence[Message] = (),
        resume: str = "",
        focused: bool = True,
    ) -> FakeTalk:
        feed = TalkingFeed(choice, len(inherited))

        def post(intent: Intent) -> None:
            match intent:
                case Submit(text) | Say(text):
                    feed.ask(text)
                case Interrupt() | StopPlayback():
                    feed.stop()
                case _:
                    pass

        return FakeTalk(feed, self.setup, choice, inherited, focused, post)

    def replay(
        self, session_id: str, *, at_us: int = 0, speed: float = 1.0, playing: bool = True
    ) -> FakeReplay:
        feed = TalkingFeed()
        feed.ask("Played again")
        return feed


def main() -> None:
    gc.disable()  # As the program does; the app enables it again.
    GramophoneApp(TalkingBackend()).run()


if __name__ == "__main__":
    main()

"""Conversations as transcripts: what happens goes in, and everything that comes out is told.

    play = playbook()
    play.begin().gives(SessionStarted, ConnectTts(0))
    play.when(opened(0)).gives(SpeechConnected)
    play.when(Submit("Hello?")).gives(
        TurnStarted(turn=0, role="user", text="Hello?"), ..., StartModel)

An expectation is a type (any of it will do), a value, or `like(type, field=…)`, where only
the named fields count; a `Blank` stands for a value that is learnt and must be the same when it
comes again. Time stands still but for `after`, and `at_us` never counts. Whatever is not
asserted before the next step, or before the playbook is closed, fails the test; the fixture
`playbook` closes it.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Self, TypeAlias, cast

from gramophone.conversation.conversation import Conversation, ConversationSettings
from gramophone.conversation.messages import (
    Input,
    LlmChunk,
    LlmEnded,
    PlayAudio,
    SendTts,
    Tick,
    TtsAudio,
    TtsClosed,
    TtsConnected,
    TtsText,
)
from gramophone.conversation.tts_session import Output
from gramophone.core.timeline import FrameReceived, FrameSent, ModelChunkReceived
from gramophone.ports.language_model import ModelChunk
from gramophone.ports.speech import SpeechProtocol
from gramophone.wire.deepgram.speak_v1.client import ClientLimits, SpeakV1
from gramophone.wire.deepgram.speak_v1.messages import (
    Cleared,
    Flushed,
    Metadata,
    Speak,
    Warned,
    render,
)

RATE_HZ = 8000
SECOND_US = 1_000_000
URL = "ws://127.0.0.1/v1/speak"


class Blank:
    """A value that is born at run time: it fits anything once, and then only that."""

    def __init__(self) -> None:
        self._filled = False
        self._value: Any = None

    @property
    def value(self) -> Any:
        """What was learnt."""
        assert self._filled, "the blank has not been filled yet"
        return self._value

    def fits(self, value: object) -> bool:
        if not self._filled:
            self._filled, self._value = True, value
        return self._value == value

    def __repr__(self) -> str:
        return repr(self._value) if self._filled else "<blank>"


class Like:
    """An expectation that names only the fields that matter."""

    def __init__(self, kind: type, fields: dict[str, object]) -> None:
        self.kind = kind
        self._fields = fields

    def fits(self, output: Output) -> bool:
        return type(output) is self.kind and all(
            _same(value, getattr(output, name)) for name, value in self._fields.items()
        )

    def __str__(self) -> str:
        return _shown(self.kind.__name__, self._fields)


Expected: TypeAlias = "type | Like | Output"


def like(kind: type, **fields: object) -> Like:
    """Any `kind` with these fields."""
    return Like(kind, fields)


class Playbook:
    """Drives one conversation. Each step returns the playbook, and waits for its `gives`."""

    def __init__(self, conversation: Conversation) -> None:
        self.conversation = conversation
        self.now_us = 0
        self.heard: list[Output] = []
        """Everything that came out so far."""
        self._step = "the beginning"
        self._unasserted: list[Output] = []

    # --- in -----------------------------------------------------------------------------------

    def begin(self) -> Self:
        """The session begins."""
        return self._took("begin", self.conversation.begin(self.now_us))

    def when(self, happening: Input) -> Self:
        """This happens."""
        return self._took(_line(happening), self.conversation.handle(happening, self.now_us))

    def after(self, seconds: float) -> Self:
        """So much time passes, and the clock is looked at."""
        self.now_us += round(seconds * SECOND_US)
        return self._took(f"{seconds} s have passed", self.conversation.handle(Tick(), self.now_us))

    # --- out ----------------------------------------------------------------------------------

    def gives(self, *expected: Expected) -> Self:
        """Exactly this came out, in this order."""
        came = [output for output in self._unasserted if not _is_echo(output)]
        self._unasserted = []
        fit = len(came) == len(expected) and all(
            _fits(pattern, output) for pattern, output in zip(expected, came, strict=True)
        )
        if not fit:
            raise AssertionError(self._difference(expected, came))
        return self

    def gives_nothing(self) -> Self:
        """Nothing came out."""
        return self.gives()

    def goes_on(self) -> Self:
        """What came out is told elsewhere."""
        self._unasserted = []
        return self

    def all_of(self, *kinds: type) -> list[Any]:
        """Everything of these kinds that came out so far."""
        return [output for output in self.heard if type(output) in kinds]

    def sent(self) -> list[str]:
        """Every text frame that was sent."""
        return [output.text for output in self.heard if isinstance(output, SendTts)]

    def played(self) -> bytes:
        """The sound that was handed to the speaker."""
        return b"".join(output.pcm for output in self.heard if isinstance(output, PlayAudio))

    def close(self) -> None:
        """Fail when something came out that was never looked at."""
        if unasserted := [output for output in self._unasserted if not _is_echo(output)]:
            lines = "\n".join(f"    {_line(output)}" for output in unasserted)
            raise AssertionError(f"After {self._step}, nobody asserted:\n{lines}")

    # --- inside -------------------------------------------------------------------------------

    def _took(self, step: str, outputs: Sequence[Output]) -> Self:
        self.close()
        self._step = step
        self._unasserted = list(outputs)
        self.heard += outputs
        return self

    def _difference(self, expected: Sequence[Expected], came: Sequence[Output]) -> str:
        expected_lines = [_line(pattern) for pattern in expected]
        actual_lines = [
            expected_lines[index]
            if index < len(expected) and _fits(expected[index], output)
            else _line(output)
            for index, output in enumerate(came)
        ]
        difference = "\n".join(difflib.ndiff(expected_lines, actual_lines))
        return f"After {self._step} (- expected, + came):\n{difference}"


Make: TypeAlias = Callable[..., Playbook]


# --- comparing and showing --------------------------------------------------------------------


def _is_echo(output: Output) -> bool:
    """Frames and raw chunks are kept besides what they mean; a test of their own tells that."""
    return isinstance(output, FrameSent | FrameReceived | ModelChunkReceived)


def _fits(expected: Expected, output: Output) -> bool:
    if isinstance(expected, type):
        return type(output) is expected
    if isinstance(expected, Like):
        return expected.fits(output)
    return type(output) is type(expected) and all(
        _same(getattr(expected, name), getattr(output, name)) for name in _names(expected)
    )


def _same(expected: object, actual: object) -> bool:
    return expected.fits(actual) if isinstance(expected, Blank) else expected == actual


def _names(value: object) -> Iterable[str]:
    assert is_dataclass(value)
    return (field.name for field in fields(value) if field.compare and field.name != "at_us")


def _line(value: Expected | Input) -> str:
    if isinstance(value, type):
        return f"{value.__name__}(…)"
    if isinstance(value, Like):
        return str(value)
    named = {name: getattr(value, name) for name in _names(value)}
    return _shown(type(value).__name__, named)


def _shown(name: str, named: dict[str, object]) -> str:
    return f"{name}({', '.join(f'{key}={_short(value)}' for key, value in named.items())})"


def _short(value: object) -> str:
    if isinstance(value, bytes) and len(value) > 8:
        return f"<{len(value)} bytes>"
    return repr(value)


# --- what happens, in short -------------------------------------------------------------------


def a_conversation(
    limits: ClientLimits | None = None,
    history: Sequence[Any] = (),
    speech: SpeechProtocol | None = None,
    **settings: Any,
) -> Conversation:
    """A spoken and heard one at 8,000 Hz, unless told otherwise."""
    named: dict[str, Any] = {
        "session_id": "5e551017a0000000",
        "provider": "local",
        "model": "smollm2",
        "voice": "aura-2-thalia-en",
        "sample_rate_hz": RATE_HZ,
    }
    return Conversation(
        settings=ConversationSettings(**cast("Any", named | settings)),
        speech=speech or SpeakV1(limits or ClientLimits()),
        inherited=list(history),
    )


def opened(connection: int = 0) -> TtsConnected:
    return TtsConnected(connection, URL, f"request-{connection}")


def metadata(connection: int = 0) -> TtsText:
    return TtsText(connection, render(Metadata(f"request-{connection}", "aura", "1", "2")))


def delta(turn: int, text: str) -> LlmChunk:
    return LlmChunk(turn, ModelChunk(raw=f'{{"text": "{text}"}}', text=text))


def finish(turn: int, reason: str = "stop") -> LlmChunk:
    return LlmChunk(turn, ModelChunk(raw="{}", finish_reason=reason))


def ended(turn: int, failure: str = "") -> LlmEnded:
    return LlmEnded(turn, failure)


def samples(count: int, value: int = 1) -> bytes:
    return value.to_bytes(2, "little") * count


def sound(connection: int = 0, *, ms: int = 1000, value: int = 1) -> TtsAudio:
    return TtsAudio(connection, samples(RATE_HZ * ms // 1000, value))


def flushed(connection: int = 0) -> TtsText:
    return TtsText(connection, render(Flushed(0)))


def cleared(connection: int = 0) -> TtsText:
    return TtsText(connection, render(Cleared(0)))


def too_many_flushes(connection: int = 0) -> TtsText:
    return TtsText(connection, render(Warned("EXCESSIVE_FLUSH", "Too many.")))


def hung_up(connection: int = 0, code: int = 1011, reason: str = "NET-0000") -> TtsClosed:
    return TtsClosed(connection, code, reason)


def says(text: str, connection: int = 0) -> SendTts:
    """The frame that has this text spoken, with the space that goes after it."""
    return SendTts(connection, render(Speak(f"{text} ")))


def flush(connection: int = 0) -> SendTts:
    return SendTts(connection, '{"type":"Flush"}')


def clear(connection: int = 0) -> SendTts:
    return SendTts(connection, '{"type":"Clear"}')


def close(connection: int = 0) -> SendTts:
    return SendTts(connection, '{"type":"Close"}')

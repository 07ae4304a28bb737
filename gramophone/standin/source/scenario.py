"""Scenarios: small TOML or JSON files with the texts, answers and failures of a stand-in.

    [[hear]]
    text = "Why is the sky blue?"

    [[answer]]
    asked = "Why is the sky blue?"
    text = "Because of scattering."

    [[say]]
    text = "Because of scattering."
    ends = "1011 NET-0000"

    [[refuse]]
    path = "/v1/speak"
    connection = 1
    status = 429

Each `hear` is an utterance of the user, each `answer` one of the language model, each `say` a text
that is sent to be spoken, in order; each `refuse` a connection or request that is refused.
The keys are documented in docs/stand-in.md.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, cast

from gramophone.core.errors import GramophoneError
from gramophone.core.frozen import frozen
from gramophone.standin.faults import Fault, FaultName
from gramophone.standin.source.source import StandinSource
from gramophone.standin.source.speech import RecordedSegment, RecordedSpeech
from gramophone.standin.voice import Break
from gramophone.standin.voices.tone import ToneVoice
from gramophone.wire.deepgram.listen_v1.messages import words_of
from gramophone.wire.deepgram.listen_v1.recorded_server import RecordedTranscripts
from gramophone.wire.deepgram.listen_v1.utterances import Utterance
from gramophone.wire.llm.answer import (
    AnswerFailure,
    AnswerPiece,
    ModelAnswer,
    TextPiece,
    ThinkingPiece,
    ToolPiece,
)
from gramophone.wire.llm.quirks import QUIRKS
from gramophone.wire.llm.served_windows import WINDOW_SERVERS, ServedWindow
from gramophone.wire.refusal_details import RefusalDetails

FINISH_REASONS = ("stop", "length", "tool_calls", "content_filter")
FRAME_MS = 20
_LONGEST_UTTERANCE_US = 600_000_000

_DELTA = re.compile(r"\S+\s*|\s+")
_ENDS = re.compile(r"(\d{4})(?:\s+(\S.*))?")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_FRAMING_HEADERS = ("connection", "content-length", "transfer-encoding")
_ANSWER = (
    "asked",
    "text",
    "thinking",
    "tools",
    "first_ms",
    "delta_ms",
    "finish",
    "input_tokens",
    "output_tokens",
    "fails",
    "quirk",
    "pictures",
)
_REFUSAL = ("status", "message", "retry_after_s", "headers", "body")


class ScenarioError(GramophoneError):
    """A scenario that cannot be played; the text is one sentence."""


@frozen
class ScenarioSound:
    """The sound of a file: signed 16-bit mono."""

    sample_rate_hz: int
    pcm: bytes


ReadWav = Callable[[str], ScenarioSound]
"""Reads a sound file that a scenario names, from beside it."""


def scenario(text: str, read_wav: ReadWav, *, is_json: bool = False) -> StandinSource:
    """Read a scenario.

    Raises:
        ScenarioError: the text is not TOML or JSON, or has an unknown key or a wrong value.
    """
    try:
        document: object = json.loads(text) if is_json else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        kind = "JSON" if is_json else "TOML"
        raise ScenarioError(f"The scenario is not valid {kind}: {error}.") from None
    keys = ("title", "faults", "models", "betas", "context", "refuse", "hear", "answer", "say")
    top = _ScenarioTable("", document, keys)
    hears = top.tables("hear", ("text", "wav", "duration_ms", "after_ms"))
    says = top.tables("say", ("text", "wav", "first_ms", "ends"))
    answers = top.tables("answer", _ANSWER)
    return StandinSource(
        title=top.text("title"),
        speech=_speech(says, read_wav) if says else None,
        transcripts=_transcripts(hears, read_wav) if hears else None,
        answers=tuple(_answer(table) for table in answers),
        faults=(
            *map(_refusal, top.tables("refuse", ("path", "connection", *_REFUSAL))),
            *(top.fault(value) for value in top.texts("faults")),
        ),
        models=tuple(top.texts("models")),
        window=_window(top.table("context", ("tokens", "server"))) if top.has("context") else None,
        betas=tuple(top.texts("betas")),
    )


def _window(table: _ScenarioTable) -> ServedWindow:
    server, tokens = table.needed("server"), table.count("tokens")
    if server not in WINDOW_SERVERS:
        raise table.wrong("server", f"must be one of {', '.join(WINDOW_SERVERS)}")
    if not tokens:
        raise table.wrong("tokens", "is needed, and is above 0")
    return ServedWindow(tokens, server)


# --- refusals ---------------------------------------------------------------------------------


def _refusal(table: _ScenarioTable) -> Fault:
    path = table.text("path")
    if path and not path.startswith("/"):
        raise table.wrong("path", "begins with a slash, as in /v1/speak")
    return Fault(
        FaultName.REFUSE,
        _status(table),
        connection=table.count("connection") if table.has("connection") else None,
        text=table.text("message"),
        path=path,
        details=_details(table),
    )


def _status(table: _ScenarioTable) -> int:
    status = table.count("status")
    if not 400 <= status <= 599:
        raise table.wrong("status", "is an HTTP status from 400 to 599")
    return status


def _details(table: _ScenarioTable) -> RefusalDetails:
    headers = table.mapping("headers")
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _FRAMING_HEADERS:
            raise table.wrong("headers", f"cannot have a header {name!r}")
        if not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
            raise table.wrong(f"headers.{name}", "is a text in quotes, of printable ASCII")
    return RefusalDetails(
        table.count("retry_after_s") if table.has("retry_after_s") else None,
        tuple(headers.items()),
        table.text_or_json("body") if table.has("body") else None,
    )


# --- what is heard ----------------------------------------------------------------------------


def _transcripts(hears: Sequence[_ScenarioTable], read_wav: ReadWav) -> RecordedTranscripts:
    utterances = tuple(_utterance(hear, read_wav) for hear in hears)
    return RecordedTranscripts(turns=utterances, voice_activated=True)


def _utterance(hear: _ScenarioTable, read_wav: ReadWav) -> Utterance:
    text = hear.needed("text")
    if not words_of(text):
        raise hear.wrong("text", "needs a word that can be heard")
    if hear.has("wav") and hear.has("duration_ms"):
        raise hear.wrong("duration_ms", "is the length of the WAV file; leave one of them out")
    duration_us = ToneVoice().duration_us(text)
    if hear.has("duration_ms"):
        duration_us = 1_000 * hear.count("duration_ms")
    if name := hear.text("wav"):
        wav = read_wav(name)
        duration_us = len(wav.pcm) // 2 * 1_000_000 // wav.sample_rate_hz
    if not 0 < duration_us <= _LONGEST_UTTERANCE_US:
        raise hear.wrong("wav" if name else "duration_ms", "is from 1 ms to 10 minutes long")
    after_us = 1_000 * hear.count("after_ms") if hear.has("after_ms") else None
    return Utterance(text, duration_us, after_us)


# --- speech -----------------------------------------------------------------------------------


def _speech(says: Sequence[_ScenarioTable], read_wav: ReadWav) -> RecordedSpeech:
    rates_hz: set[int] = set()
    segments: list[RecordedSegment] = []
    for say in says:
        first_us = 1000 * say.count("first_ms")
        frames: tuple[tuple[int, bytes], ...] | None = None
        if name := say.text("wav"):
            wav = read_wav(name)
            rates_hz.add(wav.sample_rate_hz)
            frames = tuple(_frames(wav, first_us))
        segments.append(
            RecordedSegment(say.needed("text"), frames, first_us=first_us, ends=_ends(say))
        )
    if len(rates_hz) > 1:
        value = ", ".join(str(rate_hz) for rate_hz in sorted(rates_hz))
        raise ScenarioError(f"The WAV files of the scenario have several rates ({value} Hz).")
    if not rates_hz:
        return RecordedSpeech("", 0, tuple(segments))
    return RecordedSpeech("linear16", rates_hz.pop(), tuple(segments))


def _frames(wav: ScenarioSound, first_us: int) -> list[tuple[int, bytes]]:
    frame_bytes = wav.sample_rate_hz * FRAME_MS // 1000 * 2
    starts = range(0, len(wav.pcm), frame_bytes)
    return [(first_us, wav.pcm[start : start + frame_bytes]) for start in starts]


def _ends(say: _ScenarioTable) -> Break | None:
    value = say.text("ends")
    if not value:
        return None
    if value == "drop":
        return Break(1006, "")
    match = _ENDS.fullmatch(value)
    if match is None or not 1000 <= int(match[1]) <= 4999:
        raise say.wrong("ends", 'is "drop" or a close code with its reason, as in "1011 NET-0000"')
    return Break(int(match[1]), match[2] or "")


# --- answers ----------------------------------------------------------------------------------


def _answer(table: _ScenarioTable) -> ModelAnswer:
    tools = table.tables("tools", ("name", "arguments", "id"))
    finish = table.text("finish") or ("tool_calls" if tools else "stop")
    if finish not in FINISH_REASONS:
        raise table.wrong("finish", f"is one of {', '.join(FINISH_REASONS)}")
    first_us, step_us = 1000 * table.count("first_ms"), 1000 * table.count("delta_ms")
    pieces = _pieces(table, tools)
    return ModelAnswer(
        prompt=table.text("asked") or None,
        pieces=tuple(
            replace(piece, due_us=first_us + step_us * index) for index, piece in enumerate(pieces)
        ),
        finish_reason=finish,
        input_tokens=table.count("input_tokens"),
        output_tokens=table.count("output_tokens"),
        failure=_failure(table, in_stream=bool(pieces)),
        quirk=_quirk(table),
        pictures=_pictures(table),
    )


def _quirk(table: _ScenarioTable) -> str:
    name = table.text("quirk")
    if name and name not in QUIRKS:
        raise table.wrong("quirk", f"is one of {', '.join(QUIRKS)}")
    return name


def _pictures(table: _ScenarioTable) -> Literal["", "named", "refused"]:
    match table.text("pictures"):
        case "" | "named" | "refused" as pictures:
            return pictures
        case _:
            raise table.wrong("pictures", "is named or refused")


def _pieces(table: _ScenarioTable, tools: Sequence[_ScenarioTable]) -> list[AnswerPiece]:
    return [
        *(ThinkingPiece(delta) for delta in _DELTA.findall(table.text("thinking"))),
        *(TextPiece(delta) for delta in _DELTA.findall(table.text("text"))),
        *(
            ToolPiece(
                index,
                tool.text("id"),
                tool.needed("name"),
                json.dumps(tool.mapping("arguments")),
            )
            for index, tool in enumerate(tools)
        ),
    ]


def _failure(table: _ScenarioTable, *, in_stream: bool) -> AnswerFailure | None:
    if not table.has("fails"):
        return None
    fails = table.table("fails", ("kind", *_REFUSAL))
    status = _status(fails) if fails.has("status") else 500
    return AnswerFailure(
        fails.text("kind"), fails.text("message"), status, in_stream, _details(fails)
    )


# --- tables -----------------------------------------------------------------------------------


# Scenarios are written by hand, so a misspelt key must be an error and not silence: each table is
# read with the keys that it may have, and each value with its type. Messages name the key by its
# path (`answer[0].tools[1].name`), since a parsed file has no line numbers any more.
class _ScenarioTable:
    """A table of the file, whose values are checked when they are read."""

    def __init__(self, path: str, value: object, keys: Sequence[str]) -> None:
        if not isinstance(value, dict):
            raise ScenarioError(f"{path or 'A scenario'} must be a table.")
        self._path = path
        self._entries = cast("Mapping[str, Any]", value)
        for name in self._entries:
            if name not in keys:
                raise ScenarioError(
                    f"A scenario has no key {self._key(name)}; there are: {', '.join(keys)}."
                )

    def has(self, name: str) -> bool:
        return name in self._entries

    def text(self, name: str) -> str:
        value = self._entries.get(name, "")
        if not isinstance(value, str):
            raise self.wrong(name, "is a text in quotes")
        return value

    def needed(self, name: str) -> str:
        if not (value := self.text(name)):
            raise self.wrong(name, "is needed")
        return value

    def texts(self, name: str) -> list[str]:
        value = self._entries.get(name, [])
        if not isinstance(value, list) or not all(
            isinstance(text, str) for text in cast("list[object]", value)
        ):
            raise self.wrong(name, "is a list of texts")
        return cast("list[str]", value)

    def count(self, name: str) -> int:
        value = self._entries.get(name, 0)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 10**9:
            raise self.wrong(name, "is a whole number from 0")
        return value

    def text_or_json(self, name: str) -> str:
        value = self._entries.get(name, "")
        if isinstance(value, str):
            return value
        if not isinstance(value, dict):
            raise self.wrong(name, "is a text in quotes, or a table that is sent as JSON")
        try:
            return json.dumps(value, allow_nan=False)
        except (TypeError, ValueError, RecursionError):
            raise self.wrong(name, "has a value that JSON has not, as a date") from None

    def mapping(self, name: str) -> Mapping[str, Any]:
        value = self._entries.get(name, {})
        if not isinstance(value, dict):
            raise self.wrong(name, "is a table")
        return cast("Mapping[str, Any]", value)

    def table(self, name: str, keys: Sequence[str]) -> _ScenarioTable:
        return _ScenarioTable(self._key(name), self._entries.get(name), keys)

    def tables(self, name: str, keys: Sequence[str]) -> list[_ScenarioTable]:
        value = self._entries.get(name, [])
        if not isinstance(value, list):
            raise self.wrong(name, f"is a list of tables, each under [[{self._key(name)}]]")
        return [
            _ScenarioTable(f"{self._key(name)}[{index}]", table, keys)
            for index, table in enumerate(cast("list[object]", value))
        ]

    def fault(self, value: str) -> Fault:
        """Read a fault as on the command line.

        Raises:
            ScenarioError: it is not one.
        """
        try:
            return Fault.parse(value)
        except ValueError as error:
            raise ScenarioError(f"The scenario's faults: {error}") from None

    def wrong(self, name: str, problem: str) -> ScenarioError:
        return ScenarioError(f"{self._key(name)} in the scenario {problem}.")

    def _key(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name

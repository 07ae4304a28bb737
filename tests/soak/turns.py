"""Ten minutes of turns, interrupted at random moments: `make soak ARGS=turns`.

One session of the app's own engine: a model that streams at random pace, the stand-in on a real
socket, the speaker and the recorder. Answers are stopped, hushed, muted, asked again and cut off by
the next question. Afterwards every turn has the text that came, `verify` finds nothing, and memory
has not grown.
"""

from __future__ import annotations

import asyncio
import os
import random
import resource
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path

from gramophone.analysis.turn_text import TEXT_EVENTS, TurnText
from gramophone.app.choices import speech_parameters
from gramophone.app.providers import ProviderPool
from gramophone.app.session import Session, SessionOptions, open_session
from gramophone.config.config import Config
from gramophone.conversation.history import NOTHING_TO_REGENERATE, NOTHING_TO_SPEAK
from gramophone.core.intents import Interrupt, Mute, Regenerate, RepeatTurn, StopPlayback, Submit
from gramophone.core.timeline import DeltaReceived, Entry, Failed, TurnCompleted, TurnInterrupted
from gramophone.devices.stderr_guard import keep_native_noise_out
from gramophone.ports.language_model import LanguageModel, Message, ModelChunk
from gramophone.ports.speech import SpeechService
from gramophone.providers.tts.deepgram import DeepgramSpeech
from gramophone.standin.voices.tone import ToneVoice
from gramophone.wire.deepgram.speak_v1.server import SpeakLimits
from storage.library import StoredLibrary
from tests.soak.figures import Figures
from tests.support.standins import running

SECONDS = 600.0
_MOST_GROWTH_MB = 64.0
_WARM = 0.25
_REFUSED = {NOTHING_TO_SPEAK, NOTHING_TO_REGENERATE}
_MOST_LEFT_TASKS = 8
_WORDS = (
    "needle record horn groove sound turns and the of a plays music, again. Twelve 3.5 km? ".split()
)


class _RandomModel:
    """Streams random words at random pace; remembers every answer as far as it was asked for."""

    provider = "openai"
    model = "random"

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.answers: list[list[str]] = []

    async def stream(
        self, messages: Sequence[Message], system_prompt: str
    ) -> AsyncGenerator[ModelChunk]:
        chance = self._chance
        pieces: list[str] = []
        self.answers.append(pieces)
        number = f"Answer{len(self.answers)} "
        pieces.append(number)
        yield ModelChunk(raw="{}", text=number)
        await asyncio.sleep(chance.choice((0, 0.01, 0.2)))
        pace_s = chance.choice((0, 0.001, 0.02))
        for _ in range(chance.randint(1, 80)):
            piece = chance.choice(("", " ")) + chance.choice(_WORDS) + " "
            pieces.append(piece)
            yield ModelChunk(raw="{}", text=piece)
            await asyncio.sleep(pace_s)
        yield ModelChunk(raw="{}", finish_reason="stop")

    async def aclose(self) -> None:
        return None


class _Engines(ProviderPool):
    """The model of this campaign, and the stand-in's voice."""

    def __init__(self, model: _RandomModel, speak_url: str) -> None:
        super().__init__()
        self._random = model
        self._speak_url = speak_url

    def model(self, config: Config, progress: Callable[[str], None]) -> LanguageModel:
        return self._random

    def speech(self, config: Config, sample_rate_hz: int = 0) -> SpeechService:
        return DeepgramSpeech(self._speak_url, speech_parameters(config, sample_rate_hz))


class _Counter:
    """A sink that counts, and knows whether a turn is under way."""

    def __init__(self) -> None:
        self.completed = 0
        self.interrupted = 0
        self.failures: list[str] = []
        self.came = asyncio.Event()

    def emit(self, entry: Entry) -> None:
        match entry:
            case TurnCompleted(role="assistant"):
                self.completed += 1
                self.came.set()
            case TurnInterrupted():
                self.interrupted += 1
            case DeltaReceived():
                self.came.set()
            case Failed():
                self.failures.append(entry.detail)
            case _:
                pass


def run(seed: int, effort: float) -> Figures:
    """Ten minutes at effort 1."""
    keep_native_noise_out()
    return asyncio.run(_run(random.Random(seed), max(5.0, SECONDS * effort)))


async def _run(chance: random.Random, seconds: float) -> Figures:
    figures = Figures()
    counter, model = _Counter(), _RandomModel(chance)
    voice = ToneVoice(character_ms=8, gap_ms=4)
    with tempfile.TemporaryDirectory(prefix="soak-turns-") as scratch:
        home = Path(scratch) / "home"
        config = Config(
            home=home, config_file=home / "config.toml", provider="openai", sample_rate_hz=8000
        )
        async with running(voice=voice, limits=SpeakLimits.none()) as speak_url:
            engines = _Engines(model, speak_url)
            options = SessionOptions(switchable=True)
            async with open_session(config, [counter], options, pool=engines) as running_talk:
                await _talk(running_talk, counter, chance, seconds, figures)
                session_id = running_talk.session_id
            await engines.aclose()
        remaining = len(asyncio.all_tasks()) - 1
        if remaining > _MOST_LEFT_TASKS:
            figures.broken.append(f"{remaining} tasks were left running")
        figures.broken += sorted(set(counter.failures) - _REFUSED)
        figures.counts |= {"turns": counter.completed, "interrupted": counter.interrupted}
        await _check(home, session_id, model, figures)
    return figures


async def _talk(
    running_talk: Session,
    counter: _Counter,
    chance: random.Random,
    seconds: float,
    figures: Figures,
) -> None:
    engine = running_talk.engine
    began_s, warm_mb = time.monotonic(), 0.0
    questions = 0
    while (past_s := time.monotonic() - began_s) < seconds:
        if not warm_mb and past_s > seconds * _WARM:
            warm_mb = _resident_mb()
        questions += 1
        answers = counter.completed
        engine.post(Submit(f"Question {questions}?"))
        for _ in range(chance.randint(0, 2)):
            await _some_time(counter, chance)
            match chance.randrange(12):
                case 0 | 1:
                    engine.post(Interrupt())
                case 2:
                    engine.post(StopPlayback())
                case 3:
                    engine.post(Mute(chance.random() < 0.3))
                case 4:
                    engine.post(Regenerate())
                case 5:
                    engine.post(RepeatTurn(chance.randrange(2 * questions)))
                case _:
                    break
        if chance.random() < 0.5:
            # The other half is cut off by the next question.
            while counter.completed == answers:
                counter.came.clear()
                await counter.came.wait()
    figures.counts["questions"] = questions
    growth_mb = _resident_mb() - warm_mb
    figures.counts["MB grown"] = round(growth_mb, 1)
    figures.counts["MB most"] = round(_most_mb(), 1)
    if growth_mb > _MOST_GROWTH_MB:
        figures.broken.append(f"memory grew by {growth_mb:.0f} MB")


async def _some_time(counter: _Counter, chance: random.Random) -> None:
    """A moment, or until something came."""
    if chance.random() < 0.5:
        await asyncio.sleep(chance.random() * 0.5)
        return
    counter.came.clear()
    try:
        async with asyncio.timeout(1.0):
            await counter.came.wait()
    except TimeoutError:
        return


async def _check(home: Path, session_id: str, model: _RandomModel, figures: Figures) -> None:
    async with await StoredLibrary.open(home) as library:
        for finding in await library.verify():
            figures.broken.append(f"verify: {finding.detail}")
        record = await library.session(session_id)
        events = await library.events(session_id, with_pcm=False)
    texts: dict[int, TurnText] = {}
    for event in events:
        if isinstance(event, TEXT_EVENTS):
            texts.setdefault(event.turn, TurnText()).read(event)
    answers = {pieces[0]: "".join(pieces) for pieces in model.answers}
    stopped = sound_s = 0.0
    for turn in record.turns:
        if turn.audio is not None:
            sound_s += turn.audio.samples / turn.audio.sample_rate_hz
        if turn.role == "user" or turn.finish_reason == "repeated":
            continue
        answer = texts[turn.turn]
        stopped += turn.heard_chars is not None
        streamed = answers.get(turn.text.split(" ")[0] + " ", "")
        if turn.text != answer.streamed or not streamed.startswith(turn.text):
            figures.broken.append(f"turn {turn.turn} lost text: {turn.text!r} of {streamed!r}")
        elif turn.finish_reason == "stop" and turn.text != streamed:
            figures.broken.append(f"turn {turn.turn} ended before its text: {turn.text!r}")
        if turn.heard_chars is not None and not 0 <= turn.heard_chars <= len(turn.text):
            figures.broken.append(f"turn {turn.turn} was heard beyond its text: {turn.heard_chars}")
    figures.counts |= {"stopped with text": stopped, "seconds of sound": round(sound_s)}


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _most_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000

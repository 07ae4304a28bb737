"""`fixture serve`: the stand-in from the command line, with whatever can be a source for it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from gramophone.cli.engine_voice import EngineVoice
from gramophone.config import Config
from gramophone.redaction import Redactor
from gramophone.regular_files import read_regular
from gramophone.standin.process import main
from gramophone.standin.scenario import ScenarioError, Wav, scenario
from gramophone.standin.script import Script, script_of
from gramophone.timeline import Event
from gramophone.wire.wav_layout import PCM, NotWav, wav_layout
from storage.bundle.layout import SUFFIX
from storage.bundle.reading import read_bundle
from storage.library import Library

ENGINES = ("tone", "piper")
SCENARIOS = (".toml", ".json")
PROGRAM = "gramophone fixture serve"

_MOST_SCENARIO_BYTES = 1 << 20
_MOST_WAV_BYTES = 1 << 25
"""Nearly six minutes at 48 kHz."""


def serve(config: Config, source: str, arguments: Sequence[str]) -> int:
    """Serve until SIGTERM or Ctrl+C; `arguments` are those of the stand-in's own process.

    Nothing is written that the configuration hides.

    Raises:
        StorageError: `source` is neither an engine nor a file nor a session.
        ScenarioError: the scenario cannot be played.
    """
    # Nobody may try out what a mark hides, so its key is another each time.
    redact = Redactor(config.secrets, patterns=config.redact, key=os.urandom(32))
    given = None if source in ENGINES else asyncio.run(script(config.home, source))
    voice = source if given is None else "recording"
    return main(["--voice", voice, *arguments], given, PROGRAM, redact, EngineVoice)


async def script(home: Path, source: str) -> Script:
    """What a source has to give: the file of a scenario or of a bundle, or a session.

    Raises:
        StorageError: there is no such session, or the bundle cannot be read.
        ScenarioError: the scenario cannot be read or played.
    """
    if source.endswith(SCENARIOS):
        return _scenario(Path(source))
    title, events = await recorded(home, source)
    return script_of(events, title)


async def recorded(home: Path, source: str) -> tuple[str, Sequence[Event]]:
    """The title and the timeline of a bundle's file or a session.

    Raises:
        StorageError: there is no such session, or the bundle cannot be read.
    """
    if source.endswith(SUFFIX):
        record, events = await asyncio.to_thread(read_bundle, Path(source))
        return record.summary.title, events
    async with await Library.open(home) as library:
        session_id = await library.resolve(source)
        return (await library.session(session_id)).summary.title, await library.events(session_id)


def _scenario(path: Path) -> Script:
    def read_wav(name: str) -> Wav:
        return _wav(path.parent / name)

    try:
        text = read_regular(path, most_bytes=_MOST_SCENARIO_BYTES).decode()
    except OSError as error:
        raise ScenarioError(f"The scenario {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError:
        raise ScenarioError(f"The scenario {path} is no text in UTF-8.") from None
    return scenario(text, read_wav, is_json=path.suffix == ".json")


def _wav(path: Path) -> Wav:
    try:
        content = read_regular(path, most_bytes=_MOST_WAV_BYTES)
        layout = wav_layout(content, len(content))
    except OSError as error:
        raise ScenarioError(f"{path} cannot be read: {error.strerror}.") from error
    except NotWav as error:
        raise ScenarioError(f"{path} is not a WAV file: {error}.") from None
    if (layout.tag, layout.channels, layout.bits) != (PCM, 1, 16) or not layout.sample_rate_hz:
        raise ScenarioError(f"{path} is not 16-bit mono; convert it first.")
    whole_bytes = layout.data_bytes - layout.data_bytes % 2
    start = layout.data_start
    return Wav(layout.sample_rate_hz, content[start : start + whole_bytes])

"""A key that is given to the program, said to it and said by it stands in no file it wrote."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Generator
from pathlib import Path

import pytest

from gramophone.cli.backend import EngineThread
from gramophone.config import Config, load
from gramophone.exports import ExportOrder
from gramophone.intents import Submit
from gramophone.redaction import MARK
from gramophone.timeline import Entry, SpeechConnected, TurnCompleted
from storage.library import Library
from storage.recorder import Recorder
from tests.model_servers import OPENAI_DONE, Reply, openai_chunks, openai_event, serving
from tests.programs import Gramophone, environment
from tests.storage.recordings import everything_in

KEY = "c4nary-0f-the-k3y-0123456789"
CARD = "4929 1111 2222"
REDACT = '[recording]\nredact = ["[0-9]{4}( [0-9]{4}){2}"]\n[sound]\nmuted = true\n'
LEAK = f"My key is {KEY} and my card {CARD}, as in Bearer sk-{KEY}."


def leaks(directory: Path) -> list[str]:
    """Files that hold the canaries, in any spelling in which they might be found."""
    found: list[str] = []
    for path, content in everything_in(directory).items():
        for canary in (KEY, CARD, KEY[:16]):
            spellings = (
                canary.encode(),
                canary.encode("utf-16-le"),
                canary.encode().hex().encode(),
            )
            found += [f"{path}: {canary}" for each in spellings if each in content]
    return found


@pytest.fixture
def home(tmp_path: Path) -> Path:
    place = tmp_path / "home"
    place.mkdir(mode=0o700)
    (place / "config.toml").write_text(REDACT)
    return place


@pytest.fixture
def keyed(home: Path, speak_url: str) -> dict[str, str]:
    """The environment of a program that has the key for everything."""
    return {
        "GRAMOPHONE_SPEAK_URL": f"{speak_url}?tag={KEY}",
        "DEEPGRAM_API_KEY": KEY,
        "OPENAI_API_KEY": KEY,
    }


def answering(*texts: str) -> list[Reply]:
    """Replies of a model that says the key in a piece, and one that refuses and names it."""
    said = [
        Reply([*map(openai_event, openai_chunks({"content": text})), OPENAI_DONE]) for text in texts
    ]
    refused = json.dumps({"error": {"message": f"Incorrect API key provided: {KEY}."}}).encode()
    return [*said, Reply([refused], status=401, content_type="application/json")]


async def asked(gramophone: Gramophone, keyed: dict[str, str]) -> tuple[str, str]:
    async with serving(*answering(LEAK)) as server:
        env = keyed | {"OPENAI_BASE_URL": f"{server.origin}/v1"}
        answered = await asyncio.to_thread(gramophone, "ask", LEAK, env=env)
        refused = await asyncio.to_thread(gramophone, "ask", "Again?", env=env)
        assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert answered.returncode == 0, answered.stderr
    assert refused.returncode == 1
    return answered.stderr, refused.stderr


def test_nothing_that_commands_write_holds_a_key(
    home: Path, tmp_path: Path, keyed: dict[str, str]
) -> None:
    gramophone = Gramophone(home)
    said = gramophone("say", LEAK, env=keyed)
    assert said.returncode == 0, said.stderr
    asyncio.run(asked(gramophone, keyed))
    question, answer, url = asyncio.run(exported(home, tmp_path))
    assert leaks(tmp_path) == []
    # It is hidden, not lost: the same mark stands in the question, in the answer and in the URL.
    assert question == answer
    assert len(set(MARK.findall(question))) == 2
    assert set(MARK.findall(url)) < set(MARK.findall(question))


async def exported(home: Path, directory: Path) -> tuple[str, str, str]:
    """Bundles of all sessions; of the one that was answered, both texts and the address."""
    async with await Library.open(home) as library:
        sessions = await library.sessions()
        for session in sessions:
            for compress in (False, True):
                path = directory / f"{session.id}-{compress}.gramophone"
                await library.export([session.id], ExportOrder("bundle", path, compress=compress))
        _refused, answered, _said = sessions
        texts = [turn.text for turn in (await library.session(answered.id)).turns]
        events = await library.events(answered.id, with_pcm=False)
        (url,) = (event.url for event in events if isinstance(event, SpeechConnected))
    return texts[0], texts[1], url


def test_nothing_that_the_app_writes_holds_a_key_even_while_it_runs(
    home: Path, keyed: dict[str, str]
) -> None:
    async def talked() -> None:
        async with serving(*answering(LEAK)) as server:
            env = keyed | {
                "GRAMOPHONE_HOME": str(home),
                "OPENAI_BASE_URL": f"{server.origin}/v1",
            }
            await asyncio.to_thread(talk, load(env))

    def talk(config: Config) -> None:
        # As `gramophone.cli.app` opens it.
        recorder = Recorder.open(config.home, redact=config.secrets, patterns=config.redact)
        backend = EngineThread(config, recorder)
        live = backend.open_talk()
        backend.start()
        try:
            live.post(Submit(LEAK))
            heard: list[Entry] = []
            pause = threading.Event()
            for _ in range(3000):
                heard += live.feed.take()
                if any(isinstance(e, TurnCompleted) and e.role == "assistant" for e in heard):
                    break
                pause.wait(0.01)
            asyncio.run(recorder.flush())
            assert (home / "library.db-wal").stat().st_size > 0
            assert leaks(home) == []
        finally:
            backend.stop()

    asyncio.run(talked())
    assert leaks(home) == []
    assert any(MARK.search(content.decode("latin-1")) for content in everything_in(home).values())


@pytest.fixture
def served(home: Path, keyed: dict[str, str]) -> Generator[str]:
    """A session that a process serves; yields its address."""
    assert Gramophone(home)("say", LEAK, env=keyed).returncode == 0
    command = [sys.executable, "-m", "gramophone.cli", "fixture", "serve", "last"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment(home, keyed),
    ) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["speak_url"]
        process.send_signal(signal.SIGTERM)
        process.communicate()


def test_nothing_that_a_stand_in_writes_holds_a_key(
    home: Path, tmp_path: Path, served: str, keyed: dict[str, str]
) -> None:
    client = Gramophone(tmp_path / "client")
    client.home.mkdir()
    (client.home / "config.toml").write_text(REDACT)
    assert client("say", LEAK, env=keyed | {"GRAMOPHONE_SPEAK_URL": served}).returncode == 0
    assert leaks(tmp_path) == []

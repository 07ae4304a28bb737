"""A key that is given to the program, said to it and said by it stands in no file it wrote."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from gramophone.app.engine_thread import EngineThread
from gramophone.config.config import Config
from gramophone.config.loading import load
from gramophone.core.intents import Submit
from gramophone.core.timeline import Entry, SpeechConnected, TurnCompleted
from gramophone.library.export_request import ExportRequest
from gramophone.text.redaction import MARK
from storage.library import StoredLibrary
from storage.recording.recorder import Recorder
from tests.support.deadlines import HANG_S
from tests.support.model_servers import OPENAI_DONE, Reply, openai_chunks, openai_event, serving
from tests.support.plain_http import NO_TLS
from tests.support.programs import Gramophone, environment
from tests.support.recordings import everything_in
from tests.support.sound_card import wait_until

KEY = "c4nary-0f-the-k3y-0123456789"
CARD = "4929 1111 2222"
REDACT = '[recording]\nredact = ["[0-9]{4}( [0-9]{4}){2}"]\n[sound]\nmuted = true\n'
LEAK = f"My key is {KEY} and my card {CARD}, as in Bearer sk-{KEY}."


def leaks(directory: Path) -> list[str]:
    """Files that hold the canaries, in any spelling in which they might be found."""
    leaked: list[str] = []
    for path, content in everything_in(directory).items():
        for canary in (KEY, CARD, KEY[:16]):
            spellings = (
                canary.encode(),
                canary.encode("utf-16-le"),
                canary.encode().hex().encode(),
            )
            leaked += [f"{path}: {canary}" for spelling in spellings if spelling in content]
    return leaked


@pytest.fixture
def home(tmp_path: Path) -> Path:
    directory = tmp_path / "home"
    directory.mkdir(mode=0o700)
    (directory / "config.toml").write_text(REDACT)
    return directory


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
    replies = [
        Reply([*map(openai_event, openai_chunks({"content": text})), OPENAI_DONE]) for text in texts
    ]
    refused = json.dumps({"error": {"message": f"Incorrect API key provided: {KEY}."}}).encode()
    return [*replies, Reply([refused], status=401, content_type="application/json")]


async def ask(gramophone: Gramophone, keyed: dict[str, str]) -> tuple[str, str]:
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
    completed = gramophone("say", LEAK, env=keyed)
    assert completed.returncode == 0, completed.stderr
    asyncio.run(ask(gramophone, keyed))
    question, answer, url = asyncio.run(exported(home, tmp_path))
    assert leaks(tmp_path) == []
    # It is hidden, not lost: the same mark stands in the question, in the answer and in the URL.
    assert question == answer
    assert len(set(MARK.findall(question))) == 2
    assert set(MARK.findall(url)) < set(MARK.findall(question))


async def exported(home: Path, directory: Path) -> tuple[str, str, str]:
    """Bundles of all sessions; of the one that was answered, both texts and the address."""
    async with await StoredLibrary.open(home) as library:
        sessions = await library.sessions()
        for session in sessions:
            for compress in (False, True):
                path = directory / f"{session.id}-{compress}.gramophone"
                await library.export([session.id], ExportRequest("bundle", path, compress=compress))
        _refused, answered, _spoken = sessions
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
        # As `gramophone.cli.chat` opens it.
        recorder = Recorder.open(config.home, redact=config.secrets, patterns=config.redact)
        backend = EngineThread(config, recorder)
        live = backend.open_conversation()
        backend.start()
        try:
            live.post(Submit(LEAK))
            entries: list[Entry] = []

            def answered() -> bool:
                entries.extend(live.feed.take())
                return any(isinstance(e, TurnCompleted) and e.role == "assistant" for e in entries)

            wait_until(answered, "the answer is whole")
            asyncio.run(recorder.flush())
            assert (home / "library.db-wal").stat().st_size > 0
            assert leaks(home) == []
        finally:
            backend.stop()

    asyncio.run(talked())
    assert leaks(home) == []
    assert any(MARK.search(content.decode("latin-1")) for content in everything_in(home).values())


@dataclass
class Served:
    """A session that a process serves, which writes all that it can."""

    ready: dict[str, str]
    process: subprocess.Popen[str]
    stdout: list[str]

    def end(self) -> tuple[int, dict[str, Any]]:
        """The exit code and the summary."""
        self.process.send_signal(signal.SIGTERM)
        rest, _ = self.process.communicate()
        self.stdout.append(rest)
        return self.process.returncode, json.loads(rest)


@contextmanager
def serving_last(home: Path, directory: Path, *options: str) -> Generator[Served]:
    """Serve the last session; the process knows no key, its streams and its log are files there."""
    command = [sys.executable, "-m", "gramophone.cli", "fixture", "serve", "last", *options]
    with (
        (directory / "stderr").open("w") as stderr,
        subprocess.Popen(
            [*command, "--speed", "0", "--log", str(directory / "log")],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            env=environment(home),
        ) as process,
    ):
        assert process.stdout is not None
        served = Served({}, process, [process.stdout.readline()])
        served.ready = json.loads(served.stdout[0])
        try:
            yield served
        finally:
            if process.poll() is None:
                served.end()
            (directory / "stdout").write_text("".join(served.stdout))


def test_what_was_hidden_is_known_again_and_not_written_by_a_stand_in(
    home: Path, tmp_path: Path, keyed: dict[str, str]
) -> None:
    assert Gramophone(home)("say", LEAK, env=keyed).returncode == 0
    client = Gramophone(tmp_path / "client")
    client.home.mkdir()
    (client.home / "config.toml").write_text(REDACT)
    with serving_last(home, tmp_path, "--strict") as served:
        env = keyed | {"GRAMOPHONE_SPEAK_URL": served.ready["speak_url"]}
        completed = client("say", LEAK, env=env)
        assert completed.returncode == 0, completed.stderr
        code, summary = served.end()
    assert (code, summary["differences"]) == (0, [])
    assert leaks(tmp_path) == []
    assert '"event":"in"' in (tmp_path / "log").read_text()


# Far enough into a text for a sentence that is cut short to end within the key.
CUT_SHORT = f"{'word ' * 22}My key is {KEY} and my card {CARD}."


async def tell_all(ready: dict[str, str]) -> None:
    """Say the key and the card wherever a client can."""
    headers = {"authorization": f"Token {KEY}", "x-api-key": KEY}
    for path, query in (
        ("speak_url", f"model=aura-2-thalia-en&sample_rate=48000&token={KEY}"),
        ("speak_v2_url", f"model=flux-haley-en&sample_rate=48000&tag={KEY}"),
    ):
        with suppress(ConnectionClosed):
            async with connect(f"{ready[path]}?{query}", additional_headers=headers) as speech:
                for text in (LEAK, CUT_SHORT):
                    await speech.send(json.dumps({"type": "Speak", "text": text}))
                await speech.send('{"type":"Flush"}')
                await speech.send('{"type":"Close"}')
                async for _ in speech:
                    pass
    asking = {"model": KEY, "messages": [{"role": "user", "content": CUT_SHORT}]}
    async with httpx2.AsyncClient(verify=NO_TLS, headers=headers, timeout=HANG_S) as http:
        for url, body in (
            (f"{ready['openai_base_url']}/chat/completions?key={KEY}", asking),
            (f"{ready['anthropic_base_url']}/v1/messages", asking | {"max_tokens": 9}),
            (f"{ready['speak_url'].replace('ws:', 'http:')}?token={KEY}", {"text": CUT_SHORT}),
            (f"{ready['openai_base_url']}/{CARD}?token={KEY}", {}),
        ):
            # A strict one breaks a spoken answer off.
            with suppress(httpx2.RemoteProtocolError):
                await http.post(url, json=body, headers={"anthropic-version": "2023-06-01"})


@pytest.mark.parametrize("options", [(), ("--strict",), ("--by-message", "--strict")])
def test_nothing_that_a_stand_in_writes_holds_a_key(
    home: Path, tmp_path: Path, keyed: dict[str, str], options: tuple[str, ...]
) -> None:
    assert Gramophone(home)("say", LEAK, env=keyed).returncode == 0
    with serving_last(home, tmp_path, *options) as served:
        asyncio.run(tell_all(served.ready))
        code, summary = served.end()
    assert code == (1 if options else 0)
    assert not summary["matched"]
    assert (summary["connections"], summary["requests"]) == (2, 4)
    assert leaks(tmp_path) == []
    # What differed can be read all the same.
    assert "My key is [secret] and my card ***" in (tmp_path / "stderr").read_text()

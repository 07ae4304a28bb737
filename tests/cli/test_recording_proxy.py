"""`fixture record`: a program, a proxy and a service, each a process; then served again."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import wave
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from deepgram import DeepgramClient, DeepgramClientEnvironment
from deepgram.core.events import EventType

from tests.cli.test_commands import serving
from tests.programs import Gramophone, environment


@contextmanager
def recording(home: Path, upstream: str, summary: dict[str, Any]) -> Generator[dict[str, str]]:
    """`fixture record` while the block runs; then `summary` has what it said at the end."""
    command = [sys.executable, "-m", "gramophone.cli", "fixture", "record", "--upstream", upstream]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=environment(home)
    ) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.send_signal(signal.SIGTERM)
        summary |= json.loads(process.stdout.readline())
    assert process.returncode == 0


def deepgram(ready: dict[str, str], http: httpx.Client) -> DeepgramClient:
    """Deepgram's own client, which talks to the process of that ready line."""
    base = ready["speak_url"].removesuffix("/v1/speak")
    rest = base.replace("ws", "http", 1)
    places = DeepgramClientEnvironment(base=rest, production=base, agent=base, agent_rest=rest)
    return DeepgramClient(api_key="c4n4ry" * 7, environment=places, httpx_client=http)


def speak_and_listen(ready: dict[str, str]) -> tuple[list[bytes], list[Any]]:
    """An MP3 and samples, and what Listen makes of those."""
    with httpx.Client() as http:
        client = deepgram(ready, http)
        forms: list[dict[str, Any]] = [{}, {"encoding": "linear16", "sample_rate": 24_000}]
        spoken = [
            b"".join(client.speak.v1.audio.generate(text="Records turn.", **form)) for form in forms
        ]
        whole = client.listen.v1.media.transcribe_file(request=spoken[1], model="nova-3")
        with client.listen.v1.connect(model="nova-3") as connection:
            heard: list[Any] = [whole]
            connection.on(EventType.MESSAGE, heard.append)
            connection.send_media(spoken[1])
            connection.send_close_stream()
            connection.start_listening()
    return spoken, heard


@pytest.mark.filterwarnings("ignore:websockets.* is deprecated:DeprecationWarning")
def test_the_rest_of_deepgram_is_kept_and_served_too(tmp_path: Path) -> None:
    home, source = tmp_path / "recorded", tmp_path / "source.toml"
    source.write_text('[[say]]\ntext = "Records turn."\n' * 2)
    summary: dict[str, Any] = {}
    with (
        serving(tmp_path / "source", str(source)) as real,
        recording(home, real["speak_url"], summary) as ready,
    ):
        spoken, heard = speak_and_listen(ready)
    assert heard[0].results.channels[0].alternatives[0].transcript == "records turn"
    assert len(heard) > 2
    assert (summary["connections"], summary["requests"], summary["unrecorded"]) == (1, 3, 0)
    assert Gramophone(home)("verify").returncode == 0
    with serving(home, "last", "--strict") as ready:
        assert speak_and_listen(ready) == (spoken, heard)


def samples(path: Path) -> bytes:
    with wave.open(str(path), "rb") as sound:
        return sound.readframes(sound.getnframes())


def test_what_passes_is_a_session_that_can_be_served(
    gramophone: Gramophone, speak_url: str, tmp_path: Path
) -> None:
    home = tmp_path / "recorded"
    summary: dict[str, Any] = {}
    with recording(home, speak_url, summary) as ready:
        key = {"GRAMOPHONE_SPEAK_URL": ready["speak_url"], "DEEPGRAM_API_KEY": "c4n4ry" * 7}
        wav = tmp_path / "first.wav"
        said = gramophone("say", "--mute", "-o", str(wav), "Records turn.", env=key)
        assert said.returncode == 0, said.stderr
    assert (summary["event"], summary["connections"], summary["unrecorded"]) == ("summary", 1, 0)

    kept = Gramophone(home)
    shown = kept.json("show", "last")
    assert shown["id"] == summary["session"]
    assert [turn["text"].strip() for turn in shown["turns"]] == ["Records turn."]
    assert kept("verify").returncode == 0
    with serving(home, "last") as ready:
        again = tmp_path / "again.wav"
        env = {"GRAMOPHONE_SPEAK_URL": ready["speak_url"]}
        said = gramophone("say", "--mute", "-o", str(again), "Records turn.", env=env)
        assert said.returncode == 0, said.stderr
    assert samples(again) == samples(wav)


def test_an_upstream_that_is_none_is_refused(gramophone: Gramophone) -> None:
    done = gramophone("fixture", "record", "--upstream", "wss://key@host")
    assert done.returncode == 1
    assert "--upstream takes an address" in done.stderr
    assert "key@" not in done.stderr

"""`fixture record`: a program, a proxy and a service, each a process; then served again."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

from tests.cli.test_commands import serving
from tests.programs import Gramophone, environment


def test_what_passes_is_a_session_that_can_be_served(
    gramophone: Gramophone, speak_url: str, tmp_path: Path
) -> None:
    home = tmp_path / "recorded"
    command = [sys.executable, "-m", "gramophone.cli", "fixture", "record", "--upstream", speak_url]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=environment(home)
    ) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        key = {"GRAMOPHONE_SPEAK_URL": ready["speak_url"], "DEEPGRAM_API_KEY": "c4n4ry" * 7}
        wav = tmp_path / "first.wav"
        said = gramophone("say", "--mute", "-o", str(wav), "Records turn.", env=key)
        assert said.returncode == 0, said.stderr
        process.send_signal(signal.SIGTERM)
        summary = json.loads(process.stdout.readline())
    assert process.returncode == 0
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
    assert again.read_bytes() == wav.read_bytes()


def test_an_upstream_that_is_none_is_refused(gramophone: Gramophone) -> None:
    done = gramophone("fixture", "record", "--upstream", "wss://key@host")
    assert done.returncode == 1
    assert "--upstream takes an address" in done.stderr
    assert "key@" not in done.stderr

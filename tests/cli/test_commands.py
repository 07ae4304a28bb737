"""Commands: what they print, what they leave, and how they fail."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.programs import Gramophone, environment, serving, standin
from tests.support.standins import flux_url, running
from tests.support.wav_files import pcm_of

TEXT = "Records turn. Needles listen."


class TestSpeaking:
    def test_say_is_spoken_kept_and_found_again(
        self, gramophone: Gramophone, tmp_path: Path
    ) -> None:
        target = tmp_path / "out.wav"
        completed = gramophone("say", "--mute", "-o", str(target), TEXT)
        assert completed.returncode == 0, completed.stderr
        session_id = completed.stderr.split("session ")[1].split()[0]

        document = gramophone.json("show", "last")
        assert document["id"] == session_id
        assert document["title"].startswith("Records turn")
        (turn,) = document["turns"]
        assert (turn["role"], turn["text"]) == ("assistant", TEXT)
        audio = turn["audio"]
        pcm = pcm_of(Path(audio["path"]))
        assert len(pcm) == 2 * audio["samples"] > 0
        assert audio["sample_rate"] == 48000
        assert audio["sha256"] == hashlib.sha256(pcm).hexdigest()
        assert pcm_of(target) == pcm
        assert turn["metrics"]["ttfb_ms"] > 0
        assert turn["metrics"]["underruns"] == 0

        hits = gramophone("sessions", "--search", "needl", "--json")
        assert json.loads(hits.stdout)["id"] == session_id
        assert gramophone("sessions", "--search", "gramophone").stdout == ""
        assert gramophone("verify").returncode == 0

    def test_events_come_as_json_lines(self, gramophone: Gramophone) -> None:
        completed = gramophone("say", "--mute", "--json", TEXT)
        events = [json.loads(line) for line in completed.stdout.splitlines()]
        kinds = [event["event"] for event in events]
        for kind in ("SessionStarted", "TurnStarted", "AudioReceived", "PlaybackStarted"):
            assert kind in kinds
        assert kinds[-1] == "SessionEnded"
        assert [event["at_us"] for event in events] == sorted(e["at_us"] for e in events)

    def test_standard_input_and_files_are_read(
        self, gramophone: Gramophone, tmp_path: Path
    ) -> None:
        assert gramophone("say", "--mute", "-", stdin="From a pipe.").returncode == 0
        assert gramophone.json("show", "last")["turns"][0]["text"] == "From a pipe."
        (tmp_path / "text.txt").write_text("From a file.")
        gramophone("say", "--mute", "--file", str(tmp_path / "text.txt"))
        assert gramophone.json("show", "last")["turns"][0]["text"] == "From a file."

    def test_a_recording_plays_the_service_with_its_own_bytes(
        self, gramophone: Gramophone, tmp_path: Path
    ) -> None:
        gramophone("say", "--mute", TEXT)
        original = gramophone.json("show", "last")["turns"][0]["audio"]["sha256"]
        with serving(gramophone.home, "last") as ready:
            again = Gramophone(tmp_path / "again", ready["speak_url"])
            assert again("say", "--mute", TEXT).returncode == 0
        assert again.json("show", "last")["turns"][0]["audio"]["sha256"] == original

    def test_a_recording_plays_the_language_model_with_its_own_chunks(
        self, gramophone: Gramophone, tmp_path: Path
    ) -> None:
        def answer_of(program: Gramophone, ready: dict[str, str], provider: str) -> list[str]:
            env = {
                "OPENAI_BASE_URL": ready["openai_base_url"],
                "ANTHROPIC_BASE_URL": ready["anthropic_base_url"],
            }
            words = ("ask", "--mute", "--json", "--provider", provider, "Is it né 日本?")
            completed = program(*words, env=env)
            assert completed.returncode == 0, completed.stderr
            events = [json.loads(line) for line in completed.stdout.splitlines()]
            (answer,) = [
                event["text"]
                for event in events
                if event["event"] == "TurnCompleted" and event["role"] == "assistant"
            ]
            assert answer == "You said: Is it né 日本?"
            return [event["raw"] for event in events if event["event"] == "ModelChunkReceived"]

        with serving(gramophone.home, "tone") as ready:
            original = answer_of(gramophone, ready, "openai")
        with serving(gramophone.home, "last", "--speed", "0") as ready:
            again = Gramophone(tmp_path / "again", ready["speak_url"])
            assert answer_of(again, ready, "openai") == original
            assert answer_of(again, ready, "anthropic") != original

    def test_an_endpoint_by_name_is_asked_with_its_settings(self, gramophone: Gramophone) -> None:
        gramophone.home.mkdir(mode=0o700)
        with serving(gramophone.home, "tone") as ready:
            table = '[endpoints.mine]\nmodel = "m"\nseed = 7\n'
            address = f'base_url = "{ready["openai_base_url"]}"\n'
            (gramophone.home / "config.toml").write_text(table + address)
            completed = gramophone(
                *("ask", "--provider", "mine", "--set", "temperature=0.2", "--mute", "--json", "Hi")
            )
        assert completed.returncode == 0, completed.stderr
        events = {
            json.loads(line)["event"]: json.loads(line) for line in completed.stdout.splitlines()
        }
        assert events["SettingsChanged"]["settings"] == "temperature=0.2 seed=7"
        assert (events["RequestSent"]["provider"], events["RequestSent"]["model"]) == ("mine", "m")

    def test_no_device_keeps_time_in_silence_and_says_so(self, gramophone: Gramophone) -> None:
        completed = gramophone("say", "--json", "Hi.")
        assert completed.returncode == 0
        assert "No sound device" in completed.stderr
        assert "ALSA" not in completed.stderr
        started = next(
            json.loads(line) for line in completed.stdout.splitlines() if "PlaybackStarted" in line
        )
        assert started["device"] == "silent"


class TestKept:
    def test_export_writes_both_formats(self, gramophone: Gramophone, tmp_path: Path) -> None:
        gramophone("say", "--mute", TEXT)
        wav, lines = tmp_path / "a.wav", tmp_path / "a.jsonl"
        assert gramophone("export", "last", "--format", "wav", "-o", str(wav)).returncode == 0
        assert gramophone("export", "last", "--format", "jsonl", "-o", str(lines)).returncode == 0
        events = [json.loads(line) for line in lines.read_text().splitlines()]
        size = sum(e["size_bytes"] for e in events if e["event"] == "AudioReceived")
        assert size == len(pcm_of(wav))

    def test_replay_tells_the_same_events(self, gramophone: Gramophone) -> None:
        live = gramophone("say", "--mute", "--json", TEXT).stdout.splitlines()
        again = gramophone("replay", "last", "--mute", "--json").stdout.splitlines()

        def events_of(lines: list[str]) -> list[dict[str, object]]:
            events = [json.loads(line) for line in lines]
            return [e | {"at_us": 0} for e in events if e["event"] != "DeviceChanged"]

        assert events_of(again) == events_of(live)

    def test_a_unique_prefix_names_a_session_and_delete_ends_it(
        self, gramophone: Gramophone
    ) -> None:
        gramophone("say", "--mute", TEXT)
        session_id = gramophone.json("show", "last")["id"]
        sound = gramophone.home / "audio" / session_id
        assert sound.is_dir()
        refused = gramophone("delete", session_id[:6])
        assert (refused.returncode, sound.is_dir()) == (2, True)
        assert "give --yes to delete it" in refused.stderr
        assert gramophone("delete", session_id[:6], "--yes").returncode == 0
        assert not sound.exists()
        assert gramophone("show", session_id).returncode == 1

    def test_a_session_is_named_tagged_pinned_archived_and_found(
        self, gramophone: Gramophone
    ) -> None:
        gramophone("say", "--mute", TEXT)
        gramophone("say", "--mute", "Something else.")
        first = gramophone.json("sessions", "--search", "needles")["id"]
        assert gramophone("rename", first, "On needles").returncode == 0
        assert gramophone("tag", first, "+Work", "+old").stdout == "old\nwork\n"
        assert gramophone("tag", first, "-old").stdout == "work\n"
        assert gramophone("pin", first).returncode == 0
        listed = [json.loads(line) for line in gramophone("sessions", "--json").stdout.splitlines()]
        assert [summary["title"] for summary in listed] == ["On needles", "Something else."]
        assert (listed[0]["tags"], listed[0]["pinned"]) == (["work"], True)
        assert "#work" in gramophone("sessions", "--search", "tag:work on:today").stdout
        assert gramophone("archive", first).returncode == 0
        assert first not in gramophone("sessions").stdout
        assert first in gramophone("sessions", "--search", "is:archived").stdout
        assert gramophone("archive", "--undo", first).returncode == 0
        assert first in gramophone("sessions", "--search", "is:pinned").stdout
        refused = gramophone("sessions", "--search", "colour:red")
        assert refused.returncode == 1
        assert "There is no filter colour:" in refused.stderr
        assert gramophone("verify").returncode == 0

    def test_files_are_the_users_alone_and_hold_no_key(self, gramophone: Gramophone) -> None:
        key = "canary-key-0123456789"
        completed = gramophone("say", "--mute", TEXT, env={"DEEPGRAM_API_KEY": key})
        assert key not in completed.stdout + completed.stderr
        for path in [gramophone.home, *gramophone.home.rglob("*")]:
            if path.is_file():
                assert key.encode() not in path.read_bytes()
            assert path.stat().st_mode & 0o077 == 0, path

    def test_verify_names_a_missing_file(self, gramophone: Gramophone) -> None:
        gramophone("say", "--mute", TEXT)
        Path(gramophone.json("show", "last")["turns"][0]["audio"]["path"]).unlink()
        completed = gramophone("verify", "--json")
        assert completed.returncode == 1
        assert "missing" in json.loads(completed.stdout)["findings"][0]["detail"]
        assert gramophone("replay", "last", "--mute").returncode == 0


class TestBadInput:
    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            (("ask", "--mute", " "), "nothing to send"),
            (("show", "last"), "No session"),
            (("show", "no-such"), "no session"),
            (("say", "--mute", "--sample-rate", "44100", "hi"), "44100"),
            (("say", "--mute", "--speak-url", "http://127.0.0.1", "hi"), "ws://"),
            (("say", "--mute", "--speak-url", "ws://127.0.0.1:9/v1/speak", "hi"), "reached"),
            (("ask", "--provider", "openai", "hi"), "OPENAI_API_KEY"),
            (("ask", "--provider", "anthropic", "hi"), "ANTHROPIC_API_KEY"),
            (("say", "--file", "/no/such/file"), "cannot be read"),
            (("export", "last", "-o", "x.wav"), "No session"),
            (("chat",), "terminal"),
        ],
    )
    def test_one_sentence_and_a_failing_exit_code(
        self, gramophone: Gramophone, arguments: tuple[str, ...], sentence: str
    ) -> None:
        completed = gramophone(*arguments)
        assert completed.returncode not in (0, 130)
        assert sentence in completed.stderr
        assert "Traceback" not in completed.stderr
        assert completed.stdout == ""

    @pytest.mark.parametrize(
        ("fault", "sentence"),
        [
            ("refuse=401", "401"),
            ("refuse=429", "429"),
            ("hang-up=9000", "hung up"),
            ("reset=9000", "hung up"),
        ],
    )
    def test_a_failing_service_is_named_and_the_session_stays(
        self, gramophone: Gramophone, fault: str, sentence: str
    ) -> None:
        with standin("--fault", fault) as url:
            completed = gramophone("say", "--mute", "--speak-url", url, TEXT)
        assert completed.returncode == 1
        assert sentence in completed.stderr
        assert gramophone.json("show", "last")["turns"][0]["text"] == TEXT
        assert gramophone("verify").returncode == 0

    def test_a_damaged_and_a_newer_library_are_left_alone(self, gramophone: Gramophone) -> None:
        gramophone("say", "--mute", TEXT)
        database = gramophone.home / "library.db"
        with database.open("r+b") as file:
            file.write(b"not a database at all, not at all" * 40)
        before = database.read_bytes()
        for command in (("sessions",), ("say", "--mute", "hi"), ("verify",)):
            completed = gramophone(*command)
            assert completed.returncode == 1
            assert "damaged" in completed.stderr + completed.stdout
        assert database.read_bytes() == before

    def test_a_data_directory_that_cannot_be_written_is_named(
        self, tmp_path: Path, speak_url: str
    ) -> None:
        (tmp_path / "file").touch()
        completed = Gramophone(tmp_path / "home", speak_url)(
            "say", "--mute", "hi", env={"GRAMOPHONE_HOME": str(tmp_path / "file" / "home")}
        )
        assert completed.returncode == 1
        assert str(tmp_path / "file") in completed.stderr

    def test_a_wrong_setting_in_the_file_is_named(self, gramophone: Gramophone) -> None:
        gramophone.home.mkdir(mode=0o700)
        (gramophone.home / "config.toml").write_text("[speech]\nvolume = 3\n")
        completed = gramophone("sessions")
        assert completed.returncode == 1
        assert "volume" in completed.stderr


class TestAround:
    def test_doctor_names_keys_by_presence_alone(self, gramophone: Gramophone) -> None:
        key = "canary-key-0123456789"
        address = {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
        completed = gramophone("doctor", "--json", env={"OPENAI_API_KEY": key, **address})
        report = json.loads(completed.stdout)
        (endpoint,) = report["endpoints"]
        assert (endpoint["name"], endpoint["ok"]) == ("openai", False)
        assert endpoint["detail"] in report["wanting"]
        assert report["keys"]["OPENAI_API_KEY"] is True
        assert report["keys"]["DEEPGRAM_API_KEY"] is False
        assert report["speech"]["ok"] is True
        assert key not in completed.stdout + completed.stderr

    async def test_doctor_names_the_protocol_of_the_voice(self, gramophone: Gramophone) -> None:
        async with running() as url:
            completed = await asyncio.to_thread(
                gramophone, "doctor", "--json", "--speak-url", flux_url(url)
            )
        speech = json.loads(completed.stdout)["speech"]
        assert (speech["ok"], speech["protocol"]) == (True, "speak-v2")

    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
    def test_every_shell_gets_its_completion(self, gramophone: Gramophone, shell: str) -> None:
        assert "_GRAMOPHONE_COMPLETE" in gramophone("completion", shell).stdout

    def test_a_closed_pipe_ends_quietly(self, gramophone: Gramophone) -> None:
        gramophone("say", "--mute", TEXT)
        read, write = os.pipe()
        os.close(read)
        completed = subprocess.run(
            [sys.executable, "-m", "gramophone.cli", "show", "last"],
            stdout=write,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env=environment(gramophone.home),
        )
        os.close(write)
        assert (completed.returncode, completed.stderr) == (141, "")

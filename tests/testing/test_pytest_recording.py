"""Recordings made by the tests of projects that are not ours: modes, upstreams, failures."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from storage.bundle.reader import read_bundle
from tests.support.plugin_projects import run
from tests.support.programs import environment, serving

KEY = "c4n4ry-0123456789abcdef-0123456789abcdef"
SKY = "Why is the sky blue?"
TALK = "talk.gramophone"
TEST = f"""
import pytest
from asking import ask

@pytest.mark.gramophone("{TALK}")
def test_sky(gramophone_standin):
    assert ask(gramophone_standin, "{SKY}", "{KEY}").startswith("Because")
"""


@pytest.fixture(autouse=True)
def asking(project: pytest.Pytester) -> None:
    """A key goes with what is asked."""
    path = project.path / "asking.py"
    text = path.read_text(encoding="utf-8")
    text = text.replace("question):", 'question, key="any"):').replace(
        "Bearer any", 'Bearer " + key + "'
    )
    path.write_text(text, encoding="utf-8")


@contextmanager
def service(directory: Path, answer: str = "Because of scattering.") -> Generator[str]:
    """A stand-in in the place of all real services; gives the option that says where it is."""
    directory.mkdir(exist_ok=True)
    source = directory / "source.toml"
    source.write_text(f"[[answer]]\ntext = {answer!r}\n")
    with serving(directory / "home", str(source)) as ready:
        base = ready["openai_base_url"].removesuffix("/v1")
        yield ",".join(f"{name}={base}" for name in ("deepgram", "openai", "anthropic"))


def options(mode: str, upstreams: str = "") -> list[str]:
    places = [f"--gramophone-upstream={upstream}" for upstream in upstreams.split(",") if upstream]
    return [f"--gramophone-record={mode}", *places]


def answers_in(path: Path) -> list[str]:
    """What the model said in a recording."""
    record, _ = read_bundle(path)
    return [turn.text for turn in record.turns if turn.role == "assistant"]


NOWHERE = ",".join(f"{name}=http://127.0.0.1:9" for name in ("deepgram", "openai", "anthropic"))


def test_once_records_and_then_replays_without_the_service(
    project: pytest.Pytester, tmp_path: Path
) -> None:
    project.makepyfile(test_sky=TEST)
    with service(tmp_path / "real") as real:
        run(project, *options("once", real)).assert_outcomes(passed=1)
    recording = project.path / TALK
    assert answers_in(recording) == ["Because of scattering."]
    assert KEY.encode() not in recording.read_bytes()
    before = recording.read_bytes()
    for mode in ("once", "none"):
        run(project, *options(mode, NOWHERE)).assert_outcomes(passed=1)
    assert recording.read_bytes() == before
    project.makepyfile(test_sky=TEST.replace("the sky", "the sea"))
    result = run(project, *options("once", NOWHERE))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["prompt: changed", "  - Why is the [[]sky[]] blue?"])


def test_none_is_the_default_and_asks_nobody(project: pytest.Pytester, tmp_path: Path) -> None:
    project.makepyfile(test_sky=TEST)
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
        places = options("", NOWHERE.replace(":9", f":{port}"))[1:]
        result = run(project, *places)
        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines(["There is no recording at *talk.gramophone*=once."])
        assert not (project.path / TALK).exists()
        with service(tmp_path / "real") as real:
            run(project, *options("once", real)).assert_outcomes(passed=1)
        run(project, *places).assert_outcomes(passed=1)
        project.makepyfile(test_sky=TEST.replace("the sky", "the sea"))
        run(project, *places).assert_outcomes(failed=1)
        nobody.settimeout(0)
        with pytest.raises(BlockingIOError):
            nobody.accept()


def test_rewrite_replaces_only_when_all_went_well(project: pytest.Pytester, tmp_path: Path) -> None:
    project.makepyfile(test_sky=TEST)
    recording = project.path / TALK
    with service(tmp_path / "one") as real:
        run(project, *options("rewrite", real)).assert_outcomes(passed=1)
    before = recording.read_bytes()
    with service(tmp_path / "two", "Because I say so.") as real:
        run(project, *options("rewrite", real)).assert_outcomes(passed=1)
        assert answers_in(recording) == ["Because I say so."]
        recording.write_bytes(before)
        project.makepyfile(test_sky=TEST + "    assert False\n")
        run(project, *options("rewrite", real)).assert_outcomes(failed=1)
        project.makepyfile(
            test_sky=TEST.replace("def test_sky(", "def test_sky(afterwards, ")
            + "\n@pytest.fixture\ndef afterwards():\n    yield\n    assert False\n"
        )
        run(project, *options("rewrite", real)).assert_outcomes(passed=1, errors=1)
        assert recording.read_bytes() == before
        project.makepyfile(test_sky=TEST + "    assert False\n")
        run(project, *options("all", real)).assert_outcomes(failed=1)
        assert answers_in(recording) == ["Because I say so."]
    assert sorted(path.name for path in project.path.glob(".*gramophone*")) == []


def test_mode_and_upstreams_from_marker_settings_and_environment(
    project: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marked = TEST.replace(f'"{TALK}"', f'"{TALK}", record="once"')
    project.makepyfile(test_sky=marked)
    run(project, "--gramophone-record=none").assert_outcomes(errors=1)
    with service(tmp_path / "real") as real:
        monkeypatch.setenv("GRAMOPHONE_UPSTREAM", real.replace(",", " "))
        run(project).assert_outcomes(passed=1)
        project.makepyfile(test_sky=TEST)
        lines = "\n    ".join(NOWHERE.split(","))
        project.makeini(
            f"[pytest]\ngramophone_record = all\ngramophone_upstream =\n    {lines}\n"
            "gramophone_redact =\n    scatt\\w+\n"
        )
        run(project).assert_outcomes(passed=1)
    (answer,) = answers_in(project.path / TALK)
    assert answer.startswith("Because of ***")


def test_what_cannot_be_recorded_is_said_in_a_sentence(
    project: pytest.Pytester, tmp_path: Path
) -> None:
    project.makepyfile(
        """
        import pytest
        from asking import ask

        @pytest.mark.gramophone("sky.toml", record="once")
        def test_scenario(gramophone_standin):
            pass

        @pytest.mark.gramophone("silent.gramophone", record="once")
        def test_nothing_said(gramophone_standin):
            assert gramophone_standin.end()["matched"]
            assert gramophone_standin.listen_url

        def test_mode(gramophone_standin):
            gramophone_standin("a.gramophone", record="new_episodes")

        def test_clock(gramophone_standin):
            gramophone_standin("a.gramophone", record="once", clock="manual")

        def test_twice(gramophone_standin):
            gramophone_standin("a.gramophone", record="once")
            gramophone_standin("a.gramophone", record="once")

        def test_unreachable(gramophone_standin):
            ask(gramophone_standin("b.gramophone", record="once", services=["openai"]), "Why?")
        """
    )
    result = run(project, *options("once", NOWHERE)[1:])
    result.assert_outcomes(passed=1, errors=2, failed=4)
    result.stdout.fnmatch_lines(["A recording is a bundle; sky.toml is not one, *"])
    result.stdout.fnmatch_lines(
        ["Nothing was said that could be recorded. There is no new recording at *silent.*"]
    )
    result.stdout.fnmatch_lines(["There is no record mode 'new_episodes'*rewrite."])
    result.stdout.fnmatch_lines(["The real service has no clock*"])
    result.stdout.fnmatch_lines(["*a.gramophone is being recorded*"])
    result.stdout.fnmatch_lines(
        ["*by the recording*", "*The proxy cannot reach 127.0.0.1:9; check --upstream."]
    )
    assert list(project.path.glob("*.gramophone")) == []


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--gramophone-record=ever", "*no record mode 'ever'; choose one of none, once, *"),
        ("--gramophone-upstream=host", "*'host' is not an upstream; write NAME=URL *"),
    ],
)
def test_a_wrong_option_ends_the_run(project: pytest.Pytester, option: str, message: str) -> None:
    result = run(project, option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])


def test_workers_that_record_the_same_file_leave_it_whole(
    project: pytest.Pytester, tmp_path: Path
) -> None:
    project.makepyfile(
        test_sky=TEST.replace("@pytest", "@pytest.mark.parametrize('number', range(4))\n@pytest")
        .replace(f'"{TALK}"', f'"deep/er/{TALK}"')
        .replace("(gramophone_standin)", "(gramophone_standin, number)")
    )
    with service(tmp_path / "real") as real:
        run(project, *options("rewrite", real), "-n", "2").assert_outcomes(passed=4)
    folder = project.path / "deep" / "er"
    assert [path.name for path in folder.iterdir()] == [TALK]
    assert answers_in(folder / TALK) == ["Because of scattering."]
    run(project).assert_outcomes(passed=4)


def test_loops_and_speech(project: pytest.Pytester, tmp_path: Path) -> None:
    project.makepyfile(
        f"""
        import openai
        import pytest
        import websockets

        @pytest.mark.gramophone("{TALK}")
        async def test_talk(gramophone_standin):
            client = openai.AsyncOpenAI(
                base_url=gramophone_standin.openai_base_url, api_key="{KEY}"
            )
            async with client:
                question = {{"role": "user", "content": "{SKY}"}}
                answer = await client.chat.completions.create(model="any", messages=[question])
            said = answer.choices[0].message.content
            url = gramophone_standin.speak_url + "?encoding=linear16"
            key = {{"Authorization": "Token {KEY}"}}
            async with websockets.connect(url, additional_headers=key) as speech:
                await speech.send('{{"type": "Speak", "text": "' + said + '"}}')
                await speech.send('{{"type": "Flush"}}')
                await speech.send('{{"type": "Close"}}')
                heard = [message async for message in speech]
            sound = b"".join(each for each in heard if isinstance(each, bytes))
            import hashlib
            with open("heard", "a") as told:
                print(hashlib.sha256(sound).hexdigest(), len(sound) > 0, file=told)
        """
    )
    auto = ("-o", "asyncio_mode=auto")
    with service(tmp_path / "real") as real:
        run(project, *options("once", real), *auto).assert_outcomes(passed=1)
    run(project, *options("none", NOWHERE), *auto).assert_outcomes(passed=1)
    first, second = (project.path / "heard").read_text().splitlines()
    assert first == second
    assert first.endswith("True")
    assert KEY.encode() not in (project.path / TALK).read_bytes()


def test_a_recording_in_a_file_of_its_own(tmp_path: Path) -> None:
    home, target = tmp_path / "home", tmp_path / "new" / "talk.gramophone"
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with service(tmp_path / "real") as real:
        upstream = real.split(",")[0].partition("=")[2]
        command = [sys.executable, "-m", "gramophone.cli", "fixture", "record"]
        with subprocess.Popen(
            [*command, f"--upstream={upstream}", f"--bundle={target}"],
            stdout=subprocess.PIPE,
            text=True,
            env=environment(home, {"TMPDIR": str(scratch)}),
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            process.send_signal(signal.SIGTERM)
            assert '"bundle":null' in process.stdout.read()
    assert (process.returncode, target.exists(), list(scratch.iterdir())) == (0, False, [])
    shutil.rmtree(scratch)

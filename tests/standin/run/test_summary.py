"""The summary of a stand-in at its end: what was expected, and what differed."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from contextlib import suppress
from typing import Any

import openai
import pytest

from gramophone.wire.deepgram.speak_v1.messages import Flush, Flushed, Speak
from tests.support.deadlines import HANG_S
from tests.support.speak_client import sound, talking
from tests.support.standin_process import (
    ASKED,
    NOTHING,
    SPOKEN,
    line,
    started_with,
    summed_up,
)


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
        with openai.OpenAI(timeout=HANG_S, api_key="k", base_url=base_url, max_retries=0) as client:
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

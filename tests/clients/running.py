"""Runs of clients' programs: each step on a strict stand-in of its own, and its judgement."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from types import TracebackType
from typing import Any, Self

from gramophone.testing.standins import Standin
from tests.clients.catalogue import STEPS, Client, fault_of

STEP_S = 120.0
"""Seconds after which a step is a failure. Clients wait a few between tries."""
SCENARIOS = Path(__file__).parent / "scenarios"
KEYS = {"OPENAI_API_KEY": "sk-none", "ANTHROPIC_API_KEY": "sk-ant-none"}

# Whatever a library would fetch from elsewhere is refused by a port where nothing listens.
_NO_NETWORK = {
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "NO_PROXY": "127.0.0.1,localhost",
}


@dataclass(frozen=True)
class StepResult:
    """The end of one step; `complaint` is empty if it was as with the service."""

    step: str
    seconds: float
    complaint: str


class Program:
    """A client's program, which takes steps one after the other."""

    def __init__(self, command: Sequence[str], home: Path) -> None:
        """Start it with `home` as its user's home."""
        environment = {"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
        self._process = subprocess.Popen(
            command,
            env={**environment, **_NO_NETWORK},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            cwd=home,
            encoding="utf-8",
            # Programs start others; all of them end with it.
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._kill()
        self._process.communicate()
        self._errors.close()

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def run(self, interface: str, step: str, environment: Mapping[str, str]) -> dict[str, Any]:
        """Run a step; gives its outcome, empty if the program ended or hung."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {"interface": interface, "step": step, "environment": environment}
        watchdog = Timer(STEP_S, self._kill)
        watchdog.start()
        try:
            print(json.dumps(request), file=self._process.stdin, flush=True)
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            watchdog.cancel()
        if not line:
            self._process.wait()
        return json.loads(line or "{}")

    def last_words(self) -> str:
        """The end of what the program printed."""
        self._errors.seek(0)
        return self._errors.read()[-2000:].strip()

    def _kill(self) -> None:
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def run_client(client: Client, command: Sequence[str]) -> Iterator[tuple[str, list[StepResult]]]:
    """Run all steps of a client; gives the results of each interface."""
    with tempfile.TemporaryDirectory() as home, ExitStack() as programs:
        program = programs.enter_context(Program(command, Path(home)))
        for interface in client.interfaces:
            results: list[StepResult] = []
            for step in STEPS:
                if program.has_ended:
                    program = programs.enter_context(Program(command, Path(home)))
                results.append(_run_step(client, program, interface, step))
            yield interface, results


def _run_step(client: Client, program: Program, interface: str, step: str) -> StepResult:
    scenario = SCENARIOS / f"{client.scenario(interface, step)}.toml"
    fault = fault_of(interface, step)
    faults = [f"--fault={fault}"] if fault else []
    standin = Standin([str(scenario), "--speed=0", "--strict", *faults], strict=True)
    started_s = time.monotonic()
    outcome: dict[str, Any] = {}
    try:
        addresses = {
            "OPENAI_BASE_URL": standin.openai_base_url,
            "ANTHROPIC_BASE_URL": standin.anthropic_base_url,
        }
        outcome = program.run(interface, step, {**KEYS, **addresses})
        seconds = time.monotonic() - started_s
    finally:
        summary, differences = standin.stop()
    error = client.error(interface, step)
    text, cities = client.text(interface, step), client.calls(interface, step)
    complaint = judge(outcome, error, text, cities)
    # A client that ends with a refusal has not asked again: its question is open.
    kinds = {difference["kind"] for difference in summary.get("differences", ())}
    if not (error and fault.startswith("refuse") and kinds == {"unsent"}):
        complaint = complaint or differences
    if complaint:
        complaint = f"{complaint}\n{program.last_words()}"
    return StepResult(step, seconds, complaint)


def judge(outcome: Mapping[str, Any], error: str, text: str, cities: Sequence[str]) -> str:
    """Compare an outcome with the one to be expected; gives a sentence if it differs.

    Args:
        outcome: of the step; empty if there was none.
        error: name of the error that ends it; empty if the answer does.
        text: of the answer.
        cities: arguments of the calls of the tool, sorted.
    """
    if not outcome:
        return f"The program ended, or hung for {STEP_S:g} s."
    if outcome["error"] != error:
        ends = [name or "the answer" for name in (outcome["error"], error)]
        return f"It ended with {ends[0]}, not with {ends[1]}."
    if outcome["text"] != text:
        return f"The answer was {outcome['text']!r}."
    if sorted(call["city"] for call in outcome["calls"]) != list(cities):
        return f"The calls of the tool were {outcome['calls']}."
    return ""

"""The runner of real clients: its list is whole, and it notices what a client did otherwise."""

from __future__ import annotations

import re
from typing import Any

import pytest

from gramophone.standin.faults import Fault
from gramophone.standin.source.scenario import ScenarioSound, scenario
from tests.clients.catalogue import (
    ANSWER,
    CITIES,
    CLIENTS,
    OURS,
    REPORT,
    STEPS,
    TALKERS,
    Client,
    fault_of,
)
from tests.clients.environments import NODE, PROGRAMS, versions
from tests.clients.running import SCENARIOS, judge
from tests.clients.talks import SCENARIO, TEXT, judge_talk
from tests.support.paths import ROOT

CALLS = [{"city": city} for city in CITIES]
GOOD: dict[str, Any] = {"text": ANSWER, "calls": [], "error": ""}
CUT: dict[str, Any] = {"text": "", "calls": [], "error": "ReadError"}
REPORTED: dict[str, Any] = {"text": REPORT, "calls": CALLS, "error": ""}


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_a_client_has_a_program_a_lock_and_scenarios(client: Client) -> None:
    folder = NODE if client.is_node else PROGRAMS
    program = (folder / client.program).read_text("utf-8")
    assert all(interface in program for interface in client.interfaces)
    assert all(version for _, version in versions(client))
    names = {client.scenario(name, step) for name in client.interfaces for step in STEPS}
    for name in names:
        text = (SCENARIOS / f"{name}.toml").read_text("utf-8")
        assert scenario(text, lambda name: ScenarioSound(0, b"")).answers


@pytest.mark.parametrize("client", TALKERS, ids=lambda client: client.name)
def test_a_client_that_talks_has_a_program_and_a_lock(client: Client) -> None:
    program = (PROGRAMS / client.program).read_text("utf-8")
    assert all(f'"{interface}"' in program for interface in client.interfaces)
    assert all(version for _, version in versions(client))


def test_a_talk_has_questions_answers_and_what_is_spoken() -> None:
    source = scenario(SCENARIO.read_text("utf-8"), lambda name: ScenarioSound(0, b""))
    assert source.transcripts is not None
    assert source.speech is not None
    sides = [f"user: {turn.text}" for turn in source.transcripts.turns]
    sides[1:1] = [f"assistant: {source.speech.segments[0].text}"]
    assert "\n".join([*sides, f"assistant: {source.speech.segments[1].text}"]) == TEXT


def test_a_talk_is_judged_by_both_sides_and_the_calls() -> None:
    outcome = {"text": TEXT, "calls": CALLS, "error": ""}
    assert judge_talk(outcome) == ""
    for other in ({}, {"text": REPORT}, {"calls": CALLS[:1]}, {"error": "TimeoutError"}):
        assert judge_talk({**outcome, **other} if other else {})


def test_the_locks_are_those_of_the_clients() -> None:
    locks = {path.stem for path in (ROOT / "requirements").glob("clients-*.txt")}
    groups = set(re.findall(r"^(clients-[\w-]+) = ", (ROOT / "pyproject.toml").read_text(), re.M))
    python = [client for client in (*CLIENTS, *TALKERS) if not client.is_node]
    assert locks == groups == {client.lock_name for client in python} - {OURS}
    assert "resolved" not in (NODE / "package-lock.json").read_text("utf-8")


def test_each_step_has_its_fault() -> None:
    faults = [fault_of("messages", step) for step in STEPS]
    names = [str(Fault.parse(fault).name) for fault in faults if fault]
    assert names == ["refuse", "refuse", "sse-cut"]


def test_outcomes_as_with_the_service() -> None:
    assert judge(GOOD, "", ANSWER, ()) == ""
    assert judge(REPORTED, "", REPORT, CITIES) == ""
    assert judge({**REPORTED, "calls": CALLS[::-1]}, "", REPORT, CITIES) == ""
    assert judge(CUT, "ReadError", "", ()) == ""


@pytest.mark.parametrize(
    ("outcome", "error", "text", "cities"),
    [
        ({}, "", ANSWER, ()),
        (CUT, "", ANSWER, ()),
        (GOOD, "ReadError", "", ()),
        (CUT, "APIError", "", ()),
        ({**GOOD, "text": "Because"}, "", ANSWER, ()),
        ({**GOOD, "calls": CALLS}, "", ANSWER, ()),
        ({**REPORTED, "calls": CALLS[:1]}, "", REPORT, CITIES),
        ({**REPORTED, "calls": [*CALLS, *CALLS]}, "", REPORT, CITIES),
        ({**REPORTED, "text": ANSWER}, "", REPORT, CITIES),
    ],
)
def test_any_other_outcome_is_a_failure(
    outcome: dict[str, Any], error: str, text: str, cities: tuple[str, ...]
) -> None:
    assert judge(outcome, error, text, cities)

"""The runner of real clients: its list is whole, and it notices what a client did otherwise."""

from __future__ import annotations

import re
from typing import Any

import pytest

from gramophone.standin.faults import Fault
from gramophone.standin.source.scenario import ScenarioSound, scenario
from tests.clients.catalogue import CLIENTS, STEPS, TALKERS, Client
from tests.clients.environments import NODE, PROGRAMS, versions
from tests.clients.running import ANSWER, CALLS, REPORT, SCENARIOS, judge
from tests.clients.talks import SCENARIO, TEXT, judge_talk
from tests.support.paths import ROOT

GOOD: dict[str, Any] = {"text": ANSWER, "calls": [], "error": ""}
CUT: dict[str, Any] = {"text": "", "calls": [], "error": "ReadError"}
REPORTED: dict[str, Any] = {"text": REPORT, "calls": CALLS, "error": ""}


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_a_client_has_a_program_a_lock_and_scenarios(client: Client) -> None:
    folder = NODE if client.is_node else PROGRAMS
    program = (folder / client.program).read_text("utf-8")
    assert all(interface in program for interface in client.interfaces)
    assert all(version for _, version in versions(client))
    for step in STEPS:
        text = (SCENARIOS / f"{client.scenario(step)}.toml").read_text("utf-8")
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
    assert (
        locks
        == groups
        == {
            client.lock_name
            for client in (*CLIENTS, *TALKERS)
            if not client.is_node and not client.lock
        }
    )
    assert "resolved" not in (NODE / "package-lock.json").read_text("utf-8")


def test_faults_are_those_of_the_stand_in() -> None:
    assert [str(Fault.parse(fault).name) for fault in STEPS.values() if fault] == [
        "refuse",
        "refuse",
        "sse-cut",
    ]


def test_outcomes_as_with_the_service() -> None:
    assert judge(GOOD, "answer", "") == ""
    assert judge(REPORTED, "tools", "") == ""
    assert judge({**REPORTED, "calls": CALLS[::-1]}, "tools", "") == ""
    assert judge(CUT, "cut", "ReadError") == ""


@pytest.mark.parametrize(
    ("outcome", "step", "error"),
    [
        ({}, "answer", ""),
        (CUT, "answer", ""),
        (GOOD, "cut", "ReadError"),
        (CUT, "cut", "APIError"),
        ({**GOOD, "text": "Because"}, "answer", ""),
        ({**GOOD, "calls": CALLS}, "answer", ""),
        ({**REPORTED, "calls": CALLS[:1]}, "tools", ""),
        ({**REPORTED, "calls": [*CALLS, *CALLS]}, "tools", ""),
        ({**REPORTED, "text": ANSWER}, "tools", ""),
    ],
)
def test_any_other_outcome_is_a_failure(outcome: dict[str, Any], step: str, error: str) -> None:
    assert judge(outcome, step, error)

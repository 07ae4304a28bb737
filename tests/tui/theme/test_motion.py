"""Limits of motion: settings first, then what the environment says of the connection."""

from __future__ import annotations

import pytest
from textual.app import App

from tui.theme.motion import FRAMES_HZ, REMOTE_FRAMES_HZ, Motion, motion, motion_of


def test_at_home_everything_moves() -> None:
    assert motion({}) == Motion(FRAMES_HZ, reduced=False)


@pytest.mark.parametrize("name", ["SSH_CONNECTION", "SSH_TTY"])
def test_over_ssh_there_are_fewer_frames_unless_told_otherwise(name: str) -> None:
    assert motion({name: "x"}).meter_frames_hz == REMOTE_FRAMES_HZ
    assert motion({name: "x"}, meter_frames_hz=10).meter_frames_hz == 10
    assert motion({name: ""}).meter_frames_hz == FRAMES_HZ


def test_no_more_frames_than_a_pane_has() -> None:
    assert motion({}, meter_frames_hz=60).meter_frames_hz == FRAMES_HZ


@pytest.mark.parametrize(
    "environment",
    [{"TEXTUAL_ANIMATIONS": "none"}, {"TEXTUAL_ANIMATIONS": "NONE"}, {"TERM": "dumb"}],
)
def test_who_wants_no_animations_gets_none(environment: dict[str, str]) -> None:
    assert motion(environment).reduced


def test_animations_that_are_wanted_are_not_taken_away() -> None:
    assert not motion({"TEXTUAL_ANIMATIONS": "full", "TERM": "xterm", "NO_COLOR": "1"}).reduced
    assert motion({}, reduced=True).reduced


def test_an_app_that_says_nothing_allows_everything() -> None:
    app: App[None] = App()
    assert motion_of(app) == Motion()

"""Limits of motion on the screen, decided from the settings and the environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gramophone.core.frozen import frozen

if TYPE_CHECKING:
    from textual.app import App

FRAMES_HZ = 15
"""Rate at which a pane takes what has come: nothing is drawn more often than that."""

REMOTE_FRAMES_HZ = 5
"""Over ssh every frame crosses the network, and a late one is worse than none."""


@frozen
class Motion:
    """Limits for the widgets that move."""

    meter_frames_hz: int = FRAMES_HZ
    reduced: bool = False
    """Whether nothing moves of itself but what says where the sound is, once a second."""


def motion(
    environment: Mapping[str, str], *, reduced: bool = False, meter_frames_hz: int = 0
) -> Motion:
    """The limits for this terminal.

    `reduced` and `meter_frames_hz` are the settings; 0 frames leaves it to the connection.
    """
    # A setting wins over the connection, and neither exceeds the ticks of a pane.
    remote = any(environment.get(name) for name in ("SSH_CONNECTION", "SSH_TTY"))
    frames_hz = meter_frames_hz or (REMOTE_FRAMES_HZ if remote else FRAMES_HZ)
    return Motion(
        min(frames_hz, FRAMES_HZ),
        reduced
        or environment.get("TEXTUAL_ANIMATIONS", "").lower() == "none"
        or environment.get("TERM") == "dumb",
    )


def motion_of(app: App[Any]) -> Motion:
    """The limits of `app`; an app that has none allows everything."""
    limits = getattr(app, "motion", None)
    return limits if isinstance(limits, Motion) else Motion()

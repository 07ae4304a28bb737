"""A voice's sample on a real device, and the devices a real sound system has."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.deadlines import HANG_S
from tests.support.sound_card import RATE_HZ, SoundCard


@pytest.mark.sound
def test_a_sample_is_heard_and_the_device_is_listed(
    sound_card: SoundCard, speak_url: str, tmp_path: Path
) -> None:
    completed = subprocess.run(
        [sys.executable, "-m", "tests.support.sampling_program", str(tmp_path), speak_url],
        env=sound_card.env,
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
    )
    assert (completed.returncode, completed.stderr) == (0, "")
    assert len(sound_card.played()) > RATE_HZ // 2
    assert "default" in json.loads(completed.stdout)["devices"]
    assert list(tmp_path.iterdir()) == []

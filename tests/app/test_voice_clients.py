"""Clients of speech services as settings make them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gramophone.app.voice_clients import speech_client
from gramophone.config.config import Config
from gramophone.config.voices import EXAMPLES, VoiceProtocol

SECOND_US = 1_000_000


@pytest.mark.parametrize("protocol", EXAMPLES)
def test_a_service_is_waited_for_as_long_as_its_table_says(
    tmp_path: Path, protocol: VoiceProtocol
) -> None:
    table = {"protocol": protocol, "base_url": EXAMPLES[protocol], "timeout_s": 120}
    config = Config(
        home=tmp_path,
        config_file=tmp_path / "config.toml",
        provider="local",
        voice="mine",
        voice_tables={"mine": table},
    )
    machine = speech_client(config, 24_000).protocol.client(0)
    machine.speak("Good day.", 0)
    machine.flush(0)
    assert machine.poll(0)
    assert not machine.timed_out(119 * SECOND_US)
    assert machine.timed_out(121 * SECOND_US)

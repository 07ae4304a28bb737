"""A log and a bundle for bug reports: facts, and nothing of texts, keys or addresses."""

from __future__ import annotations

import asyncio
import json
import logging
import zipfile
from pathlib import Path

import pytest

from gramophone.app.event_log import FactsFormatter
from tests.support.programs import Gramophone
from tests.support.scenario_standin import served

KEY = "sk-planted-0123456789abcdef"
QUESTION = "Zanzibar nutmeg?"
PLANTED = (KEY, "Zanzibar", "nutmeg", "Cinnamon", "Be a spice merchant", "planted", "secret-host")
SCENARIO = f"""
[[answer]]
asked = "{QUESTION}"
text = "Cinnamon, too."
"""
SETTINGS = r"""
[model]
system_prompt = "Be a spice merchant."
[endpoints.mine]
base_url = "http://secret-host.example/v1"
model = "spicy-1"
headers = { "x-planted" = "planted value" }
[recording]
redact = ["planted \\d+"]
"""


def record(message: str, *arguments: object, error: Exception | None = None) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("gramophone.x", 20, "x.py", 1, message, arguments, info)


def test_of_arguments_only_facts_are_written() -> None:
    line = FactsFormatter().format(record("%s of %d: %s", "Zanzibar", 7, ValueError("nutmeg")))
    assert line.endswith("INFO gramophone.x (8 characters) of 7: ValueError")


def test_of_an_exception_the_kind_and_the_places() -> None:
    try:
        raise ValueError("nutmeg\x1b[2J")
    except ValueError as error:
        text = FactsFormatter().format(record("It failed", error=error))
    assert "nutmeg" not in text
    assert text.splitlines()[1] == "ValueError"
    assert "test_of_an_exception_the_kind_and_the_places" in text.splitlines()[2]


async def test_neither_the_log_nor_the_bundle_holds_what_was_planted(
    gramophone: Gramophone, tmp_path: Path
) -> None:
    log, bundle = tmp_path / "a.log", tmp_path / "report.zip"
    gramophone.home.mkdir()
    (gramophone.home / "config.toml").write_text(SETTINGS)

    async def run(*arguments: str) -> None:
        completed = await asyncio.to_thread(gramophone, *arguments, env=env)
        assert completed.returncode == 0, completed.stderr

    async with served(SCENARIO) as address:
        env = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": f"http://127.0.0.1:{address.port}/v1"}
        await run("ask", QUESTION, "--mute", "--provider", "openai", "--log", str(log))
        completed = await asyncio.to_thread(
            *(gramophone, "doctor", "--bundle", str(bundle), "--log", str(log)), env=env
        )
    assert bundle.exists(), completed.stderr
    with zipfile.ZipFile(bundle) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    for text in (log.read_text(), *parts.values()):
        assert [word for word in PLANTED if word.lower() in text.lower()] == []
    assert "TurnCompleted at_us=" in parts["log.txt"]
    assert "role=assistant text=(14 characters)" in parts["log.txt"]
    assert json.loads(parts["database.json"])["rows"]["session"] == 1
    assert json.loads(parts["settings.json"])["endpoint_tables"]["mine"]["model"] == "spicy-1"
    assert json.loads(parts["doctor.json"])["keys"]["OPENAI_API_KEY"] is True
    assert log.stat().st_mode & 0o777 == bundle.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["ask", "Hi", "--mute", "--log", "/proc/none"], "The log /proc/none cannot be written"),
        (["doctor", "--bundle", "/proc/none"], "/proc/none cannot be used for the report"),
    ],
    ids=["log", "bundle"],
)
def test_a_file_that_cannot_be_written_is_one_sentence(
    gramophone: Gramophone, arguments: list[str], sentence: str
) -> None:
    completed = gramophone(*arguments)
    assert completed.returncode == 1
    assert sentence in completed.stderr
    assert "Traceback" not in completed.stderr

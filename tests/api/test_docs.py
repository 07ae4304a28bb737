"""The examples of `docs/python.md`, run as somebody would who copies them."""

from __future__ import annotations

import os
import re
import wave
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tests.support.programs import environment, serving

PAGE = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(
    r"^## (?P<title>[^\n]+)\n(?:(?!^## ).)*?^```python\n(?P<code>.*?)^```\n", re.M | re.S
)
OUTPUT = re.compile(r"\s*```text\n(.*?)^```", re.M | re.S)


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Generator[dict[str, str]]:
    """A stand-in that plays the model and the voice."""
    home = tmp_path_factory.mktemp("services") / "home"
    with serving(home, "tone") as ready:
        yield {
            "GRAMOPHONE_SPEAK_URL": ready["speak_url"],
            "OPENAI_BASE_URL": ready["openai_base_url"],
        }


def test_every_example_is_run() -> None:
    assert len(EXAMPLE.findall(PAGE)) == PAGE.count("```python\n")


@pytest.mark.parametrize("title", [match["title"] for match in EXAMPLE.finditer(PAGE)])
def test_an_example_does_what_the_page_says(
    title: str,
    services: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (example,) = [match for match in EXAMPLE.finditer(PAGE) if match["title"] == title]
    settings = environment(tmp_path / "home", services)
    for name in set(os.environ) - set(settings):
        monkeypatch.delenv(name)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    exec(compile(example["code"], title, "exec"), {"__name__": "__main__"})

    expected = OUTPUT.match(PAGE, example.end())
    assert capsys.readouterr().out == (expected[1] if expected else "")
    if "wave.open" in example["code"]:
        with wave.open("speech.wav") as file:
            assert file.getnframes() > 1000

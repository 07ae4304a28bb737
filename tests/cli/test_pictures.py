"""`ask` with pictures that its text names."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from gramophone.cli.named_pictures import named_pictures
from gramophone.core.errors import GramophoneError
from tests.support.picture_files import picture, png
from tests.support.programs import Gramophone
from tests.support.scenario_standin import served

SCENARIO = '[[answer]]\ntext = "Seen."\npictures = "named"\n'


async def test_a_picture_goes_with_the_question(tmp_path: Path) -> None:
    (tmp_path / "cat.png").write_bytes(png())
    question = f"What is this? @{tmp_path}/cat.png"
    async with served(SCENARIO) as address:
        env = {"OPENAI_API_KEY": "any", "OPENAI_BASE_URL": address.http("/v1")}
        gramophone = Gramophone(tmp_path / "home")
        seen = await asyncio.to_thread(gramophone, "ask", question, "--mute", env=env)
        option = await asyncio.to_thread(
            gramophone, "ask", "What?", "--file", f"{tmp_path}/cat.png", "--mute", env=env
        )
        piped = await asyncio.to_thread(gramophone, "ask", "-", "--mute", env=env, stdin=question)
    assert seen.stdout == f"Seen.\n[image/png, 4×3, sha256 {picture().sha256}]\n"
    assert f"with {tmp_path}/cat.png, 4×3\n" in seen.stderr
    assert option.stdout == seen.stdout
    assert piped.stdout == "Seen.\n", "a text from elsewhere names no files"


def test_only_a_path_of_a_picture_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cat.png").write_bytes(png())
    (tmp_path / "notes.md").write_text("Text.")
    long = "x" * 5_000
    text = f"@cat.png, @notes.md, me@cat.png, @gone.png, @{long}.png, @~nobody/a.png and @a\0.png"
    named = named_pictures(text)
    assert named == (picture("cat.png"),)


@pytest.mark.parametrize("kind", ["fifo", "directory", "text", "library"])
def test_what_is_no_picture_is_refused_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "cat.png"
    match kind:
        case "fifo":
            os.mkfifo(path)
        case "directory":
            path.mkdir()
        case "text":
            path.write_text("hello")
        case _:
            (tmp_path / "library.db").write_text("rows")
            path.symlink_to("library.db")
    with pytest.raises(GramophoneError, match=r"cat\.png"):
        named_pictures("@cat.png")

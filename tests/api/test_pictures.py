"""Pictures that a program asks about."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

import gramophone
from gramophone.core.errors import ModelError, PictureError
from gramophone.core.timeline import PictureAttached
from storage.library import StoredLibrary
from tests.support.picture_files import jpeg, picture, png
from tests.support.scenario_standin import served

SCENARIO = """
[[answer]]
asked = "Which?"
text = "Seen."
pictures = "named"

[[answer]]
text = "Hello."
pictures = "refused"
"""


@pytest.fixture
async def model(home: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[None]:
    """A model that sees what `Which?` is asked about, and nothing else."""
    async with served(SCENARIO) as address:
        monkeypatch.setenv("OPENAI_BASE_URL", address.http("/v1"))
        yield


async def test_paths_and_bytes_go_with_a_question(home: Path, model: None, tmp_path: Path) -> None:
    (tmp_path / "cat.png").write_bytes(png())
    async with gramophone.converse(mute=True) as talk:
        answer = await talk.ask("Which?", pictures=[tmp_path / "cat.png", jpeg()])
        events = [
            event async for event in talk.stream("Which?", pictures=[str(tmp_path / "cat.png")])
        ]
    assert answer.text.startswith("Seen.\n[image/png, 4×3, sha256 ")
    assert [event.name for event in events if isinstance(event, PictureAttached)] == ["cat.png"]
    async with await StoredLibrary.open(home) as library:
        record = await library.session(answer.session_id)
        files = await library.pictures(answer.session_id)
    assert record.turns[0].pictures == (picture("cat.png"), picture("picture 2", jpeg()))
    assert sorted(files.values()) == sorted([png(), jpeg()])


async def test_what_is_no_picture_is_not_asked_about(home: Path, model: None) -> None:
    async with gramophone.converse(mute=True) as talk:
        with pytest.raises(PictureError, match=r"picture 1 is not a PNG"):
            await talk.ask("Which?", pictures=[b"hello"])
        with pytest.raises(PictureError, match=r"There is no file gone\.png"):
            await talk.ask("Which?", pictures=["/nowhere/gone.png"])


async def test_a_refusal_is_an_error_and_the_talk_goes_on(home: Path, model: None) -> None:
    async with gramophone.converse(mute=True) as talk:
        with pytest.raises(ModelError, match="refused the picture"):
            await talk.ask("What is this?", pictures=[png()])
        assert (await talk.ask("Hello?")).text == "Hello."

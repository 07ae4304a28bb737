"""Pictures of a request: which go out, what stands in the place of others, what they cost."""

from __future__ import annotations

import pytest

from gramophone.core.errors import PicturesRefused
from gramophone.pictures.attachable import MOST_TOGETHER_BYTES
from gramophone.ports.language_model import Message
from gramophone.providers.llm.context_window import CHARS_PER_TOKEN, chars_of, newest_that_fit
from gramophone.providers.llm.plain_text import PlainTextModel
from gramophone.providers.llm.sent_pictures import (
    newest_pictures,
    picture_tokens,
    without_pictures,
)
from tests.support.model_contract import chunks_of
from tests.support.picture_files import picture, png, png_head

LARGE = picture("large.png", png(padding_bytes=MOST_TOGETHER_BYTES // 2))


def shown(name: str = "cat.png") -> Message:
    return Message("user", f"This? @{name}", pictures=(picture(name),))


@pytest.mark.parametrize(
    ("width", "height", "tokens"), [(1, 1, 85), (640, 480, 409), (4000, 3000, 1600)]
)
def test_a_picture_counts_by_its_size(width: int, height: int, tokens: int) -> None:
    message = Message("user", "", pictures=(picture("a.png", png_head(width, height)),))
    assert picture_tokens(message) == tokens
    assert chars_of(message) == int(tokens * CHARS_PER_TOKEN)


def test_a_turn_with_a_picture_needs_room_for_it() -> None:
    talk = [shown(), Message("assistant", "A cat."), Message("user", "Sure?")]
    assert newest_that_fit(talk, 10_000) == talk
    assert newest_that_fit(talk, 200) == talk[2:]


def test_a_line_stands_in_the_place_of_a_picture() -> None:
    assert without_pictures(shown()) == Message("user", "This? @cat.png\n[picture: cat.png, 4×3]")


def test_the_newest_pictures_go_out_up_to_the_limit() -> None:
    old = Message("user", "First", pictures=(LARGE,))
    new = Message("user", "Then", pictures=(LARGE,))
    last = Message("user", "Now", pictures=(picture(),))
    messages, left_out = newest_pictures([old, new, last])
    assert left_out == 1
    assert [len(message.pictures) for message in messages] == [0, 1, 1]
    assert messages[0].text == "First\n[picture: large.png, 4×3]"


def test_a_conversation_with_few_pictures_goes_out_as_it_is() -> None:
    talk = [shown(), Message("assistant", "A cat."), shown("dog.png")]
    assert newest_pictures(talk) == (talk, 0)


async def test_a_text_as_a_model_sees_none() -> None:
    model = PlainTextModel.of(["Text."])
    with pytest.raises(PicturesRefused, match="A text as a model sees no pictures"):
        await chunks_of(model, [shown()])

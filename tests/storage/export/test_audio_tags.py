"""Labels and tags of a file of sound."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gramophone.text.sanitize import plain_line
from storage.export.audio_tags import about, ascii_only
from tests.support.summaries import summary


def test_tags_of_one_and_of_several() -> None:
    one = about([summary()])
    assert (one.title, one.voice, one.date) == (
        "What is a gramophone?",
        "aura-2-thalia-en",
        "2026-11-21",
    )
    both = about([summary(), summary(voice="joe", model="other")])
    assert both.title == "What is a gramophone? and 1 more"
    assert both.voice == "aura-2-thalia-en, joe"
    assert both.comment.endswith("answers by smollm2, other")


@given(st.text(), st.text(), st.text())
def test_any_title_becomes_a_line(title: str, voice: str, created_at: str) -> None:
    tags = about([summary(title=title, voice=voice, created_at=created_at)])
    for text in (tags.title, tags.voice, tags.comment):
        assert plain_line(text) == text
        text.encode()
    assert tags.title
    assert ascii_only(tags.title).isascii()


def test_a_long_title_ends_at_a_word() -> None:
    title = about([summary(title="word " * 100)]).title
    assert title.endswith("word…")
    assert len(title) <= 120

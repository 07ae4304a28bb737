"""Looking back through what was sent."""

from __future__ import annotations

from tui.prompt.draft import Draft
from tui.prompt.history import PromptHistory


def history(*texts: str) -> PromptHistory:
    prompts = PromptHistory()
    for text in texts:
        prompts.add(Draft(text))
    return prompts


def text(draft: Draft | None) -> str | None:
    return None if draft is None else draft.text


def test_goes_back_to_the_first_and_forward_to_the_draft() -> None:
    prompts = history("a", "b")
    back = [text(prompts.earlier(Draft("new"))) for _ in range(3)]
    assert back == ["b", "a", None]
    assert [text(prompts.later()) for _ in range(3)] == ["b", "new", None]


def test_what_is_sent_twice_in_a_row_is_kept_once() -> None:
    prompts = history("a", "b", "b")
    assert [text(prompts.earlier(Draft(""))) for _ in range(2)] == ["b", "a"]


def test_finds_what_begins_as_the_draft_does() -> None:
    prompts = history("git log", "hello", "git status", "world")
    back = [text(prompts.earlier(Draft("git"), search=True)) for _ in range(3)]
    assert back == ["git status", "git log", None]
    assert [text(prompts.later()) for _ in range(2)] == ["git status", "git"]


def test_with_nothing_that_begins_so_it_goes_through_all() -> None:
    prompts = history("a", "b")
    assert text(prompts.earlier(Draft("x"), search=True)) == "b"


def test_earlier_sittings_come_before_this_one() -> None:
    prompts = history("a", "b")
    assert text(prompts.earlier(Draft("new"))) == "b"
    prompts.remember([Draft("a"), Draft("z"), Draft("y"), Draft("z"), Draft("")])
    assert [text(prompts.earlier(Draft(""))) for _ in range(4)] == ["a", "z", "y", None]
    assert [text(prompts.later()) for _ in range(4)] == ["z", "a", "b", "new"]


def test_folded_text_comes_back_with_its_label() -> None:
    prompts = PromptHistory()
    sent = Draft("[pasted 2 lines #1]", {1: "a\nb"})
    prompts.add(sent)
    assert prompts.earlier(Draft("")) == sent

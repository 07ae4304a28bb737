"""What the view follows: the voice, the end, or nothing."""

from __future__ import annotations

import pytest

from tui.transcript.turn_view import Phase, TurnView
from tui.transcript.view_follow import Follow, ViewFollow, top_with_row


def view(
    turn: int = 1, heard: int | None = None, text: str = "text", phase: Phase = Phase.ANSWERING
) -> TurnView:
    return TurnView(turn, "assistant", text=text, heard_chars=heard, phase=phase)


def shown(follow: ViewFollow, view: TurnView, *, is_new: bool = False, end: bool = False) -> Follow:
    follow.show(view, is_new=is_new, end_in_view=end)
    return follow.mode


class TestMode:
    def test_without_a_voice_the_end_is_followed(self) -> None:
        follow = ViewFollow()
        shown(follow, view(), is_new=True)
        assert follow.follows_end
        assert not follow.voice_elsewhere

    def test_a_voice_is_followed_as_soon_as_it_is_heard(self) -> None:
        follow = ViewFollow()
        shown(follow, view(heard=0))
        assert follow.follows_voice
        assert not follow.follows_end

    def test_who_reads_elsewhere_stays_there(self) -> None:
        follow = ViewFollow()
        follow.scrolled(to_end=False)
        assert shown(follow, view(heard=3)) is Follow.NOTHING
        assert follow.voice_elsewhere
        follow.latest()
        assert follow.follows_voice

    def test_the_end_of_one_answer_is_not_that_of_the_next(self) -> None:
        follow = ViewFollow()
        shown(follow, view(heard=0))
        follow.end()
        assert shown(follow, view(heard=3)) is Follow.END
        assert follow.voice_elsewhere
        assert shown(follow, view(turn=3, heard=0)) is Follow.LATEST

    def test_without_a_voice_the_end_is_the_latest(self) -> None:
        follow = ViewFollow()
        follow.scrolled(to_end=False)
        follow.scrolled(to_end=True)
        assert follow.mode is Follow.LATEST

    @pytest.mark.parametrize(("end", "mode"), [(True, Follow.LATEST), (False, Follow.HELD)])
    def test_a_voice_that_ends_above_the_end_leaves_the_view(self, end: bool, mode: Follow) -> None:
        follow = ViewFollow()
        shown(follow, view(heard=2))
        assert shown(follow, view(), end=end) is mode

    def test_a_view_that_was_left_goes_on_with_text_a_turn_or_a_voice(self) -> None:
        for continued, is_new in [
            (view(text="text and more"), False),
            (view(turn=2), True),
            (view(heard=3), False),
        ]:
            follow = ViewFollow()
            shown(follow, view(heard=2))
            assert shown(follow, view(phase=Phase.STOPPED)) is Follow.HELD
            assert shown(follow, view(phase=Phase.STOPPED)) is Follow.HELD
            assert shown(follow, continued, is_new=is_new) is Follow.LATEST

    def test_a_turn_that_is_no_more_has_no_voice(self) -> None:
        follow = ViewFollow()
        shown(follow, view(heard=2))
        follow.forget(1)
        assert follow.follows_end


class TestTop:
    def test_the_lit_row_stays_in_the_middle_third(self) -> None:
        assert [top_with_row(10, 12, lit) for lit in (14, 16, 18)] == [10, 10, 10]

    def test_it_moves_by_as_few_rows_as_it_can(self) -> None:
        assert [top_with_row(10, 12, lit) for lit in (13, 19, 40)] == [9, 11, 32]

"""Slash commands of the conversation, typed as users type them."""

from __future__ import annotations

import pytest

from gramophone.core.errors import StorageError
from gramophone.core.intents import EditAndResend, Mute, Regenerate, RepeatTurn, Submit
from gramophone.core.timeline import HistoryRewound, SettingsChanged
from gramophone.library.library import TurnRecord
from gramophone.ports.backend import ConversationOptions
from gramophone.ports.language_model import Message
from tests.support.builders import session_started, spoken_exchange
from tests.support.panes import chosen, panes, posted, screen_of
from tests.support.screen_backend import FakeBackend, FakeFeed, FakeLibrary, kept_session
from tests.support.seeing import drawn, press, screen_text, screen_words
from tui.app import GramophoneApp
from tui.conversation.pane_header import PaneHeader
from tui.messages import TurnWanted
from tui.prompt.prompt import Prompt
from tui.screens.conversation import ConversationScreen
from tui.screens.export import ExportScreen
from tui.screens.help import HelpScreen
from tui.screens.history import HistoryScreen

SPOKEN = [session_started(), *spoken_exchange("One?", "First.")]


def typed(text: str) -> list[str]:
    """The keys of a line, and Enter."""
    names = {" ": "space", "/": "slash", ".": "full_stop", "-": "minus", "?": "question_mark"}
    return [*(names.get(character, character) for character in text), "enter"]


def as_typed(text: str) -> list[str]:
    """The same, taking nothing from the list of completions."""
    *keys, enter = typed(text)
    return [*keys, "escape", enter]


class TestChoosing:
    @pytest.mark.parametrize(
        ("line", "choice", "message"),
        [
            (
                "/model gpt-5",
                ConversationOptions(provider="openai", model="gpt-5"),
                "The model is openai/gpt-5",
            ),
            ("/provider openai", ConversationOptions(provider="openai"), "The model is openai"),
            ("/voice luna", ConversationOptions(voice="luna"), "The voice is luna"),
            (
                "/system Rhyme.",
                ConversationOptions(system_prompt="Rhyme."),
                "The system prompt is another",
            ),
            ("/speed 1.2", ConversationOptions(speed=1.2), "The speed is 1.2×"),
        ],
    )
    async def test_holds_for_the_pane_spoken_to(
        self, line: str, choice: ConversationOptions, message: str
    ) -> None:
        async with panes(2, *as_typed(line)) as (pilot, backend):
            assert [talk.configured for talk in backend.talks] == [[], [choice]]
            assert message in screen_words(pilot)

    async def test_one_choice_leaves_the_others(self) -> None:
        keys = [*typed("/voice luna"), *typed("/speed 1.2"), *typed("/voice -")]
        async with panes(1, *keys) as (_, backend):
            assert backend.talks[0].configured[1:] == [
                ConversationOptions(voice="luna", speed=1.2),
                ConversationOptions(speed=1.2),
            ]

    async def test_what_is_refused_is_told_and_does_not_stay(self) -> None:
        async with panes(1) as (pilot, backend):
            backend.talks[0].refusal = "speed is 9; it must be between 0.7 and 1.5."
            await press(pilot, *as_typed("/speed 9"))
            assert "must be between 0.7" in screen_words(pilot)
            backend.talks[0].refusal = ""
            await press(pilot, *typed("/voice luna"))
            assert backend.talks[0].configured == [ConversationOptions(voice="luna")]

    async def test_a_name_that_fits_several_is_refused(self) -> None:
        async with panes(1, *as_typed("/model gpt")) as (pilot, backend):
            assert backend.talks[0].configured == []
            assert "Several models have" in screen_words(pilot)

    @pytest.mark.parametrize(
        ("line", "words"),
        [
            ("/model", "The model is local/smollm2."),
            ("/voice", "The voice is thalia."),
            ("/system", "There is no system prompt."),
            ("/speed", "The speed is as configured."),
        ],
    )
    async def test_without_a_name_it_says_what_holds(self, line: str, words: str) -> None:
        # With a space Enter sends the command and takes nothing from the list of choices.
        async with panes(1, *as_typed(f"{line} ")) as (pilot, backend):
            assert words in screen_words(pilot)
            assert backend.talks[0].configured == []

    async def test_models_are_offered(self) -> None:
        async with panes(1, *typed("/model ")[:-1]) as (pilot, _):
            rows = screen_text(pilot)
            assert "smollm2" in rows
            assert "openai/gpt-5-mini" in rows

    async def test_what_was_changed_is_seen(self) -> None:
        async with panes(1) as (pilot, backend):
            backend.conversation.put(
                session_started(),
                SettingsChanged(
                    at_us=1, provider="openai", model="gpt-5", voice="luna", system_prompt=""
                ),
            )
            await drawn(pilot)
            assert "openai · gpt-5 · luna" in screen_words(pilot)


class TestPanes:
    async def test_new_opens_one_like_this_or_with_another_model(self) -> None:
        keys = [*typed("/voice luna"), *as_typed("/new gpt-5-mini")]
        async with panes(1, *keys) as (pilot, backend):
            assert backend.talks[1].choice == ConversationOptions(
                provider="openai", model="gpt-5-mini", voice="luna"
            )
            # A notice of the other voice stands over it for two seconds.
            header = pilot.app.screen.query(PaneHeader).last().render()
            assert header.plain.startswith("▸ 2 openai/gpt-5-mini")

    async def test_new_with_a_name_of_several_opens_none(self) -> None:
        async with panes(1, *as_typed("/new gpt")) as (pilot, backend):
            assert len(backend.talks) == 1
            assert "Several models have" in screen_words(pilot)

    async def test_close_pane_and_number(self) -> None:
        async with panes(3, *typed("/pane 1")) as (pilot, backend):
            assert chosen(pilot) == 1
            await press(pilot, *typed("/pane 7"))
            assert "/pane takes a number from 1 to 3." in screen_words(pilot)
            await press(pilot, *typed("/close"))
            assert backend.talks[0].closed
            assert len(screen_of(pilot).grid.panes) == 2

    async def test_all_sends_one_prompt_to_all(self) -> None:
        async with panes(2, *typed("/all go on"), *"x", "enter") as (_, backend):
            assert posted(backend) == [[Submit("go on")], [Submit("go on"), Submit("x")]]

    async def test_all_alone_does_what_the_key_does(self) -> None:
        async with panes(2, *typed("/all "), *"x", "enter") as (pilot, backend):
            assert posted(backend) == [[Submit("x")], [Submit("x")]]
            assert "to all 2 panes" in screen_words(pilot)

    async def test_sound_is_pinned(self) -> None:
        async with panes(2, *typed("/sound"), "f5") as (_, backend):
            assert [talk.heard for talk in backend.talks] == [False, True]

    async def test_mute_and_unmute(self) -> None:
        async with panes(1, *typed("/mute")) as (pilot, backend):
            assert "thalia" in screen_words(pilot)
            assert screen_text(pilot).split("\n")[0].rstrip().endswith("muted")
            await press(pilot, *typed("/unmute"))
            assert backend.posted == [Mute(True), Mute(False)]
            assert "muted" not in screen_text(pilot).split("\n")[0]


class TestTurns:
    async def test_regenerate_and_speak(self) -> None:
        async with panes(1) as (pilot, backend):
            backend.conversation.put(*SPOKEN)
            await drawn(pilot)
            await press(pilot, *typed("/regenerate"), *typed("/speak"))
            assert backend.posted == [Regenerate(), RepeatTurn(1)]

    @pytest.mark.parametrize("line", ["/edit", "/speak", "/fork", "/export", "/title x", "/copy"])
    async def test_before_anything_is_said_there_is_a_sentence(self, line: str) -> None:
        async with panes(1, *typed(line)) as (pilot, backend):
            assert "Nothing " in screen_words(pilot).replace("Nothing said yet. Type", "")
            assert backend.posted == []
            assert len(backend.talks) == 1

    async def test_edit_asks_the_question_again(self) -> None:
        async with panes(1) as (pilot, backend):
            backend.conversation.put(*SPOKEN)
            await drawn(pilot)
            await press(pilot, *typed("/edit"))
            prompt = screen_of(pilot).query_one(Prompt)
            assert prompt.text == "One?"
            assert "editing an earlier prompt" in screen_words(pilot)
            await press(pilot, "!", "enter")
            assert backend.posted == [EditAndResend(0, "One?!")]
            assert "editing" not in screen_words(pilot)
            backend.conversation.put(HistoryRewound(at_us=9, to_turn=0))
            await drawn(pilot)
            assert "First." not in screen_words(pilot)

    async def test_editing_is_left_with_escape(self) -> None:
        async with panes(1) as (pilot, backend):
            backend.conversation.put(*SPOKEN)
            await drawn(pilot)
            await press(pilot, *typed("/edit"), "escape", "n", "enter")
            assert backend.posted == [Submit("n")]

    async def test_a_prompt_that_begins_with_a_slash_is_edited_as_text(self) -> None:
        async with panes(1) as (pilot, backend):
            backend.conversation.put(session_started(), *spoken_exchange("/quit", "No."))
            await drawn(pilot)
            await press(pilot, *typed("/edit"), "enter")
            assert backend.posted == [EditAndResend(0, "/quit")]

    async def test_an_edit_whose_pane_is_closed_is_over(self) -> None:
        async with panes(2) as (pilot, backend):
            backend.talks[1].feed.put(*SPOKEN)
            await drawn(pilot)
            await press(pilot, *typed("/edit"), "f4", "enter")
            assert posted(backend) == [[Submit("One?")], []]

    async def test_fork_goes_on_in_another_pane(self) -> None:
        async with panes(1) as (pilot, backend):
            backend.conversation.put(*SPOKEN)
            await drawn(pilot)
            await press(pilot, *typed("/fork"))
            assert backend.talks[1].inherited == (
                Message("user", "One?"),
                Message("assistant", "First."),
            )
            assert screen_words(pilot).count("First.") == 2

    async def test_fork_of_four_takes_the_place_of_this_pane(self) -> None:
        async with panes(4) as (pilot, backend):
            backend.talks[3].feed.put(*SPOKEN)
            await drawn(pilot)
            await press(pilot, *typed("/fork"))
            assert [talk.closed for talk in backend.talks] == [False] * 3 + [True, False]
            assert backend.talks[4].inherited
            assert len(screen_of(pilot).grid.panes) == 4
            assert "4 panes are open" in screen_words(pilot)


class TestWantedOfATurn:
    """What the transcript asks for with `TurnWanted`."""

    async def wanted(self, action: str, turn: int, count: int = 1) -> FakeBackend:
        async with panes(count) as (pilot, backend):
            backend.conversation.put(
                session_started(),
                *spoken_exchange("One?", "First."),
                *spoken_exchange("Two?", "Second.", first_turn=2),
            )
            await drawn(pilot)
            pane = screen_of(pilot).grid.panes[0]
            pane.transcript.post_message(TurnWanted(action, turn))  # pyright: ignore[reportArgumentType]
            await drawn(pilot)
            self.prompt = screen_of(pilot).query_one(Prompt).text
            self.words = screen_words(pilot)
            self.chosen = chosen(pilot)
            return backend

    async def test_regenerate(self) -> None:
        assert (await self.wanted("regenerate", 1)).posted == [Regenerate(1)]

    async def test_speak(self) -> None:
        assert (await self.wanted("speak", 1)).posted == [RepeatTurn(1)]

    async def test_edit(self) -> None:
        assert (await self.wanted("edit", 2)).posted == []
        assert self.prompt == "Two?"

    async def test_an_answer_is_not_edited(self) -> None:
        await self.wanted("edit", 1)
        assert self.prompt == ""
        assert "Only a prompt that still counts" in self.words

    async def test_fork_takes_what_was_said_until_then(self) -> None:
        backend = await self.wanted("fork", 1)
        assert [message.text for message in backend.talks[1].inherited] == ["One?", "First."]

    async def test_a_click_on_a_word_is_only_a_click(self) -> None:
        assert (await self.wanted("hear", 1)).posted == []

    async def test_it_is_done_in_the_pane_it_is_in(self) -> None:
        backend = await self.wanted("regenerate", 3, count=2)
        assert posted(backend) == [[Regenerate(3)], []]
        assert self.chosen == 1


class TestSessions:
    async def test_title_is_given(self) -> None:
        started = session_started(session_id="5e55000000000001")
        library = FakeLibrary([kept_session(1)])
        backend = FakeBackend(FakeFeed([started, *spoken_exchange()]), library)
        async with GramophoneApp(backend).run_test(notifications=True) as pilot:
            await drawn(pilot)
            await press(pilot, *typed("/title Horns"))
            assert library.records[0].summary.title == "Horns"
            library.failure = StorageError("The disk is full; make room.")
            await press(pilot, *typed("/title Other"))
            assert "The disk is full; make room." in screen_words(pilot)

    async def test_export_asks_for_a_path(self) -> None:
        started = session_started(session_id="5e55000000000001")
        backend = FakeBackend(
            FakeFeed([started, *spoken_exchange()]), FakeLibrary([kept_session(1)])
        )
        async with GramophoneApp(backend).run_test() as pilot:
            await drawn(pilot)
            await pilot.press(*typed("/export"))
            await pilot.pause()
            assert isinstance(pilot.app.screen, ExportScreen)

    @pytest.mark.parametrize(
        ("line", "screen"),
        [("/history", HistoryScreen), ("/help", HelpScreen)],
    )
    async def test_screens_are_opened(self, line: str, screen: type[object]) -> None:
        async with panes(1, *typed(line)) as (pilot, _):
            assert isinstance(pilot.app.screen, screen)

    async def test_settings_are_asked_of_the_app(self) -> None:
        async with panes(1, *typed("/settings")) as (pilot, _):
            assert "There are no settings to change here." in screen_words(pilot)

    async def test_quit(self) -> None:
        async with panes(1) as (pilot, _):
            await pilot.press(*typed("/quit"))
            await pilot.pause()
            assert not pilot.app.is_running


class TestContinuing:
    async def continued(self, count: int = 1, *, touched: bool = False) -> FakeBackend:
        turns = [
            TurnRecord(0, "user", "Before?", "sent", 0),
            TurnRecord(1, "assistant", "Taken back.", "stop", 1, withdrawn=True),
            TurnRecord(2, "assistant", "Long ago.", "stop", 2),
            TurnRecord(3, "assistant", "Long ago.", "repeated", 3),
        ]
        async with panes(count) as (pilot, backend):
            backend.library.records.append(kept_session(7, turns=turns))
            if touched:
                backend.talks[-1].feed.put(*SPOKEN)
                await drawn(pilot)
            screen = screen_of(pilot)
            assert isinstance(screen, ConversationScreen)
            screen.continue_session(kept_session(7).summary.id)
            await drawn(pilot)
            self.words = screen_words(pilot)
            self.panes = len(screen.grid.panes)
            return backend

    async def test_it_goes_on_in_the_same_pane_and_session(self) -> None:
        backend = await self.continued()
        assert [talk.closed for talk in backend.talks] == [True, False]
        assert backend.talks[1].resumed == kept_session(7).summary.id
        assert backend.talks[1].choice == ConversationOptions(
            provider="local", model="smollm2", voice="thalia", system_prompt="Be brief."
        )
        assert backend.talks[1].heard
        assert "Long ago." in self.words
        assert self.panes == 1

    async def test_the_talk_before_stays_in_its_own_session(self) -> None:
        backend = await self.continued(touched=True)
        assert [talk.closed for talk in backend.talks] == [True, False]
        assert "F2 has it." in self.words
        assert self.panes == 1

    async def test_the_other_panes_stay(self) -> None:
        backend = await self.continued(4, touched=True)
        assert [talk.closed for talk in backend.talks] == [False, False, False, True, False]
        assert self.panes == 4

    async def test_one_that_is_open_in_a_pane_is_gone_to(self) -> None:
        async with panes(2) as (pilot, backend):
            backend.library.records.append(kept_session(7))
            screen = screen_of(pilot)
            screen.continue_session(kept_session(7).summary.id)
            await drawn(pilot)
            await pilot.press("f5")
            screen.continue_session(kept_session(7).summary.id)
            await drawn(pilot)
            assert len(backend.talks) == 3
            assert screen.pane.session_id == kept_session(7).summary.id

    async def test_it_is_chosen_in_the_history(self) -> None:
        async with panes(1) as (pilot, backend):
            backend.library.records.append(kept_session(7))
            await press(pilot, "f2", "o")
            assert isinstance(pilot.app.screen, ConversationScreen)
            await drawn(pilot)
            assert backend.talks[1].resumed == kept_session(7).summary.id
            assert "Answer 7 to it." in screen_words(pilot)

    async def test_a_session_that_is_gone_is_told(self) -> None:
        async with panes(1) as (pilot, backend):
            screen_of(pilot).continue_session("5e55ffffffffffff")
            await drawn(pilot)
            assert "not in the library any more" in screen_words(pilot)
            assert len(backend.talks) == 1

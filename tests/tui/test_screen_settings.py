"""What the settings say of the screen is so from the first frame; what cannot be is told."""

from __future__ import annotations

import pytest

from gramophone.core.errors import ConfigError
from gramophone.core.timeline import TurnCompleted, TurnStarted
from gramophone.ports.backend import ScreenSettings
from tests.support.screen_backend import FakeBackend, FakeLibrary, kept_session
from tests.support.seeing import drawn, screen_words
from tui.app import GramophoneApp
from tui.keys import key_groups, key_name, key_words
from tui.screens.help import HelpScreen
from tui.screens.history import HistoryScreen
from tui.settings.keymap import WrongKeys, checked
from tui.support.finish_notice import LONG_ANSWER_US
from tui.theme.motion import Motion

PLACES = key_groups()


def app_with(settings: ScreenSettings, environment: dict[str, str] | None = None) -> GramophoneApp:
    backend = FakeBackend(library=FakeLibrary([kept_session(1)]))
    return GramophoneApp(backend, environment or {}, screen=settings)


async def test_the_theme_is_the_chosen_one() -> None:
    app = app_with(ScreenSettings(theme="nord"))
    async with app.run_test() as pilot:
        await drawn(pilot)
        assert app.theme == "nord"
        assert app.has_class("-theme-nord")


async def test_the_environment_wins_over_the_theme() -> None:
    app = app_with(ScreenSettings(theme="nord"), {"TEXTUAL_THEME": "textual-dark"})
    async with app.run_test():
        assert app.theme == "textual-dark"


def test_motion_is_the_chosen_one() -> None:
    settings = ScreenSettings(reduced_motion=True, meter_frames_hz=8)
    assert app_with(settings, {"SSH_TTY": "x"}).motion == Motion(8, reduced=True)


async def test_keys_are_the_chosen_ones_everywhere() -> None:
    keys = {"conversation.history": "Ctrl+H, F11", "app.help": "f16", "history.leave": "b"}
    app = app_with(ScreenSettings(keys=keys))
    async with app.run_test() as pilot:
        await drawn(pilot)
        assert "F16 Help" in screen_words(pilot)
        await pilot.press("f2")
        await drawn(pilot)
        assert not isinstance(app.screen, HistoryScreen)
        await pilot.press("f11")
        await drawn(pilot)
        assert isinstance(app.screen, HistoryScreen)
        await pilot.press("b", "f16")
        await drawn(pilot)
        assert isinstance(app.screen, HelpScreen)


async def test_what_cannot_be_is_told_and_the_usual_used() -> None:
    app = app_with(ScreenSettings(theme="no-such", keys={"prompt.sing": "f11", "app.help": "f16"}))
    async with app.run_test(size=(80, 30), notifications=True) as pilot:
        await drawn(pilot)
        assert "There is no theme 'no-such'" in screen_words(pilot)
        assert "'prompt.sing'" in screen_words(pilot)
        assert "F1 Help" in screen_words(pilot)
        assert app.theme == "textual-dark"
        await pilot.press("f1")
        await drawn(pilot)
        assert isinstance(app.screen, HelpScreen)


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"prompt.sing": "f11"}, "names 'prompt.sing'"),
        ({"prompt.send": " , "}, "prompt.send is empty"),
        ({"prompt.send": "f11, ctrl+shoe"}, "'ctrl\\+shoe', which no keyboard has"),
        ({"prompt.send": "Ctrl+J"}, "Ctrl\\+J to prompt.send and prompt.newline"),
        ({"history.replay": "x", "history.export": "x"}, "x to history.replay and history.export"),
        ({"conversation.stop": "F1"}, "F1 to app.help and conversation.stop"),
        ({"app.help": "ctrl+q"}, "Ctrl\\+Q to app.help and app.quit"),
    ],
)
def test_a_sentence_names_what_is_wrong_with_keys(keys: dict[str, str], sentence: str) -> None:
    with pytest.raises(WrongKeys, match=sentence):
        checked(keys)


def test_a_key_may_do_other_things_elsewhere_and_two_may_change_places() -> None:
    assert checked({"conversation.history": "e"}) == {"conversation.history": "e"}
    swapped = {"history.replay": "e", "history.export": "r"}
    assert checked(swapped) == swapped
    assert checked({"app.help": "question_mark, ?, comma"})["app.help"] == "question_mark,?,comma"


@pytest.mark.parametrize("word", sorted({word for p in PLACES for k in p.keys for word in k.keys}))
def test_a_key_can_be_written_as_the_page_of_keys_has_it(word: str) -> None:
    assert key_words(key_name(word)) == word
    binding_id, screen = next((k.id, p) for p in PLACES for k in p.keys if word in k.keys)
    assert checked({binding_id: word}), screen


async def test_a_theme_that_is_chosen_is_kept_and_the_first_is_not() -> None:
    themes: list[str] = []
    settings = ScreenSettings(theme="nord")
    app = GramophoneApp(FakeBackend(), {}, screen=settings, keep_theme=themes.append)
    async with app.run_test() as pilot:
        await drawn(pilot)
        assert themes == []
        for keys in (["ctrl+p"], "theme", ["enter"], "dracula", ["enter"]):
            await pilot.press(*keys)
            await drawn(pilot)
        assert themes == ["dracula"]


async def test_it_is_said_when_a_theme_cannot_be_kept() -> None:
    def refuse(name: str) -> None:
        raise ConfigError("config.toml cannot be written.")

    app = GramophoneApp(FakeBackend(), {}, keep_theme=refuse)
    async with app.run_test(notifications=True) as pilot:
        await drawn(pilot)
        app.theme = "nord"
        await drawn(pilot)
        assert "The theme is not kept: config.toml" in screen_words(pilot)
        assert "cannot be written." in screen_words(pilot)
        assert app.theme == "nord"


@pytest.mark.parametrize(("focused", "rung"), [(True, 0), (False, 1)], ids=["here", "elsewhere"])
async def test_a_long_answer_rings_where_the_user_looks_elsewhere(
    focused: bool, rung: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = FakeBackend()
    app = GramophoneApp(backend, {}, screen=ScreenSettings(notify="bell"))
    sent: list[str] = []
    async with app.run_test() as pilot:
        await drawn(pilot)
        monkeypatch.setattr(app._driver, "write", sent.append)  # pyright: ignore[reportPrivateUsage]
        app.app_focus = focused
        backend.conversation.put(
            TurnStarted(at_us=0, turn=1, role="assistant"),
            TurnCompleted(
                at_us=LONG_ANSWER_US + 1, turn=1, role="assistant", text="", finish_reason="stop"
            ),
        )
        await drawn(pilot)
        await drawn(pilot)
    assert sent.count("\a") == rung

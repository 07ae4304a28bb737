"""The settings screen: what is set, how it is changed, and what is said where it cannot be."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from textual.pilot import Pilot

from gramophone.config.file_reader import FILE_SETTINGS
from gramophone.core.errors import ConfigError, SpeakerError
from gramophone.ports.backend import ScreenSettings
from gramophone.ports.preferences import Account, Preference
from tests.support.screen_backend import FakeBackend
from tests.support.screen_preferences import FakePreferences
from tests.support.seeing import drawn, screen_text, screen_words
from tui.app import GramophoneApp
from tui.conversation.slash.conversation_commands import CONVERSATION_COMMANDS
from tui.screens.conversation import ConversationScreen
from tui.screens.settings import SettingsScreen
from tui.settings.keymap import taken_by
from tui.settings.rows import PAGES, ROWS, NotAValue, SettingRow, account_rows, foot, typed
from tui.settings.setting_list import SettingList
from tui.theme.motion import Motion

ANY_SIZE = pytest.mark.parametrize("size", [(40, 12), (80, 24), (200, 60)])


@dataclass
class Seat:
    """Somebody before the settings screen."""

    pilot: Pilot[Any]
    preferences: FakePreferences
    app: GramophoneApp

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)
            await still(self.pilot)

    async def page(self, name: str) -> None:
        await self.press(*["right"] * PAGES.index(name))

    async def row(self, name: str) -> None:
        """Bring the cursor to the row of this name."""
        rows = self.app.screen.query_one(SettingList)
        for index, row in enumerate(rows.rows):
            if isinstance(row, SettingRow) and row.name == name:
                rows.highlighted = index
        await still(self.pilot)

    def value(self, label: str) -> str:
        """What stands beside a label."""
        line = next(
            line for line in screen_text(self.pilot).split("\n") if line.strip().startswith(label)
        )
        return line.split(label, 1)[1].strip(" ▁▂▃▄▅▆▇█")


async def still(pilot: Pilot[Any]) -> None:
    """Workers that wait for an answer would be waited for for ever."""
    for _ in range(4):
        await pilot.pause()


@asynccontextmanager
async def at_settings(
    size: tuple[int, int] = (80, 24),
    environment: dict[str, str] | None = None,
    preferences: FakePreferences | None = None,
    **keys: str,
) -> AsyncGenerator[Seat]:
    preferences = preferences or FakePreferences()
    screen = ScreenSettings(keys={name.replace("_", "."): key for name, key in keys.items()})
    app = GramophoneApp(FakeBackend(), environment or {}, screen=screen, preferences=preferences)
    async with app.run_test(size=size, notifications=True) as pilot:
        await drawn(pilot)
        await pilot.press("f10")
        await drawn(pilot)
        yield Seat(pilot, preferences, app)


def test_every_setting_of_the_file_has_a_row() -> None:
    rows = {row.name for page in ROWS.values() for row in page}
    only_in_the_file = {
        "keyring_services",
        "redact",
        "keep_days",
        "keep_gb",
        "persona",
        "accessible",
        "notify",
    }
    assert rows == set(FILE_SETTINGS.values()) - only_in_the_file


def test_what_is_said_to_change_it_now_is_a_command() -> None:
    usages = {f"/{command.name}" for command in CONVERSATION_COMMANDS}
    rows = [row for page in ROWS.values() for row in page]
    named = {
        word
        for row in rows
        for word in foot(row, Preference("")).split()
        if word.startswith("/") and len(word) > 1
    }
    assert "/mute" in named
    assert named <= usages


@ANY_SIZE
async def test_all_pages_are_reached_by_keys_and_by_clicks(size: tuple[int, int]) -> None:
    async with at_settings(size) as seat:
        firsts = ["Provider", "Voice", "Begin muted", "Theme", "OpenAI key", "Stop"]
        for first in firsts:
            assert any(
                line.strip().startswith(first) for line in screen_text(seat.pilot).split("\n")
            )
            assert "Esc Back" in screen_words(seat.pilot)
            await seat.press("right")
        assert "Provider" in screen_text(seat.pilot)
        lines = screen_text(seat.pilot).split("\n")
        row = next(n for n, line in enumerate(lines) if all(page in line for page in PAGES))
        await seat.pilot.click(offset=(lines[row].index("Keys"), row))
        await still(seat.pilot)
        assert "Ctrl+R" in screen_text(seat.pilot)


@pytest.mark.parametrize("way", ["command", "palette"])
async def test_it_opens_from_the_prompt_and_the_palette_and_closes(way: str) -> None:
    app = GramophoneApp(FakeBackend(), {}, preferences=FakePreferences())
    async with app.run_test() as pilot:
        await drawn(pilot)
        if way == "command":
            await pilot.press(*"/settings", "enter")
        else:
            await pilot.press("ctrl+p", *"settings")
            await drawn(pilot)
            await pilot.press("enter")
        await drawn(pilot)
        await drawn(pilot)
        assert isinstance(app.screen, SettingsScreen)
        await pilot.press("escape")
        await drawn(pilot)
        assert isinstance(app.screen, ConversationScreen)


async def test_a_switch_turns_and_the_screen_goes_by_it_at_once() -> None:
    async with at_settings() as seat:
        await seat.page("Screen")
        await seat.row("reduced_motion")
        await seat.press("space")
        assert seat.preferences.changed["reduced_motion"] is True
        assert seat.value("Reduced motion") == "on"
        assert seat.app.motion == Motion(15, reduced=True)
        await seat.press("enter")
        assert seat.app.motion == Motion(15, reduced=False)


async def test_a_theme_is_worn_at_once_and_the_usual_comes_back() -> None:
    async with at_settings() as seat:
        await seat.page("Screen")
        await seat.press("enter")
        themes = ["", *sorted(seat.app.available_themes)]
        await seat.press(*["down"] * themes.index("nord"), "enter")
        assert seat.app.theme == "nord"
        assert seat.preferences.written == [("theme", "nord")]
        assert seat.value("Theme") == "nord"
        await seat.press("d")
        assert seat.preferences.written[1:] == [("theme", None)]
        assert seat.app.theme == "textual-dark"


async def test_the_environment_is_said_to_win_and_wins() -> None:
    preferences = FakePreferences()
    preferences.overruled = {"theme": "TEXTUAL_THEME"}
    async with at_settings((80, 24), {"TEXTUAL_THEME": "textual-light"}, preferences) as seat:
        before = seat.app.theme
        await seat.page("Screen")
        assert "TEXTUAL_THEME in the environment wins over it." in screen_words(seat.pilot)
        await seat.press("enter", "down", "enter")
        assert seat.app.theme == before


async def test_a_choice_is_taken_by_a_click() -> None:
    async with at_settings() as seat:
        await seat.page("Sound")
        at = (
            screen_text(seat.pilot)
            .split("\n")
            .index(next(line for line in screen_text(seat.pilot).split("\n") if "Device" in line))
        )
        await seat.pilot.click(offset=(10, at))
        await still(seat.pilot)
        lines = screen_text(seat.pilot).split("\n")
        row = next(n for n, line in enumerate(lines) if "Headphones" in line)
        await seat.pilot.click(offset=(lines[row].index("Headphones"), row))
        await still(seat.pilot)
        assert seat.preferences.written == [("device", "Headphones")]
        assert seat.value("Device") == "Headphones"
        assert "Holds from the next answer." in screen_words(seat.pilot)


@pytest.mark.parametrize("page", PAGES[:4])
async def test_what_does_not_hold_at_once_says_so(page: str) -> None:
    """Whole, on every row, where there is least room; what changes at once does not."""
    async with at_settings(size=(40, 12)) as seat:
        await seat.page(page)
        rows = seat.app.screen.query_one(SettingList).rows
        for row in [row for row in rows if isinstance(row, SettingRow)]:
            await seat.row(row.name)
            words = screen_words(seat.pilot)
            assert ("Holds from the next" in words) is not row.now, row.name
            if f"/{row.name} does" in foot(row, Preference("")):
                assert f"/{row.name} does it now." in words


async def test_the_sentence_stands_where_a_value_is_typed_too() -> None:
    async with at_settings() as seat:
        await seat.row("model")
        await seat.press("enter")
        assert screen_words(seat.pilot).count("Holds from the next answer.") == 2


async def test_another_than_those_offered_can_be_typed() -> None:
    async with at_settings() as seat:
        await seat.page("Sound")
        await seat.row("device")
        await seat.press("enter", "end", "enter", *"USB", "enter")
        assert seat.preferences.written == [("device", "USB")]


async def test_it_is_said_that_the_devices_cannot_be_listed() -> None:
    async with at_settings() as seat:
        seat.preferences.speakers = SpeakerError("The sound system does not answer.")
        await seat.page("Sound")
        await seat.row("device")
        await seat.press("enter")
        assert "The sound system does not answer." in screen_words(seat.pilot)


@ANY_SIZE
async def test_what_is_refused_can_be_mended_or_left(size: tuple[int, int]) -> None:
    async with at_settings(size) as seat:
        await seat.row("model")
        seat.preferences.refusal = ConfigError("No such model.")
        await seat.press("enter", *"gpt", "enter")
        assert "No such model." in screen_words(seat.pilot)
        seat.preferences.refusal = None
        await seat.press(*"-5", "enter")
        assert seat.preferences.written == [("model", "gpt-5")]
        await seat.press("enter", *"x", "escape")
        assert seat.preferences.changed["model"] == "gpt-5"
        assert isinstance(seat.app.screen, SettingsScreen)


async def test_numbers_are_numbers_and_nothing_is_the_default() -> None:
    async with at_settings() as seat:
        await seat.row("max_tokens")
        await seat.press("enter", *"many", "enter")
        assert "Write a whole number, or nothing." in screen_words(seat.pilot)
        await seat.press(*["backspace"] * 4, *"200", "enter")
        await seat.press("enter", *["backspace"] * 3, "enter")
        assert seat.preferences.written == [("max_tokens", 200), ("max_tokens", None)]


def test_what_is_typed_as_a_number() -> None:
    speed = next(row for row in ROWS["Voice"] if row.name == "speed")
    assert typed(speed, " 1,2 ") == 1.2
    assert typed(speed, " ") is None
    with pytest.raises(NotAValue):
        typed(speed, "fast")


async def test_a_system_prompt_may_have_lines() -> None:
    async with at_settings() as seat:
        await seat.row("system_prompt")
        await seat.press("enter", "ctrl+j", *"Rhyme.", "enter")
        assert seat.preferences.written == [("system_prompt", "Be brief.\nRhyme.")]


# --- voices ---------------------------------------------------------------------------------------


async def test_a_voice_is_heard_before_it_is_taken() -> None:
    async with at_settings() as seat:
        await seat.page("Voice")
        await seat.press("enter", "down")
        seat.preferences.sample_held.clear()
        await seat.press("s")
        assert "Speaking …" in screen_words(seat.pilot)
        seat.preferences.sample_held.set()
        await still(seat.pilot)
        assert "Speaking …" not in screen_words(seat.pilot)
        assert seat.preferences.sampled == ["aura-2-zeus-en"]
        assert not seat.preferences.written
        await seat.press("enter")
        assert seat.preferences.written == [("voice", "aura-2-zeus-en")]


async def test_it_is_said_why_a_sample_cannot_be_heard() -> None:
    async with at_settings() as seat:
        seat.preferences.silence = SpeakerError("No sound device: the sample cannot be heard.")
        await seat.page("Voice")
        await seat.press("s")
        assert "No sound device: the sample" in screen_words(seat.pilot)


async def test_where_there_is_one_voice_it_is_named_and_heard() -> None:
    async with at_settings() as seat:
        seat.preferences.many_voices = False
        await seat.page("Voice")
        assert seat.value("Voice") == "piper, the voice on this machine"
        await seat.press("enter")
        assert "There is one voice here." in screen_words(seat.pilot)
        await seat.press("s")
        assert seat.preferences.sampled == ["aura-2-thalia-en"]


# --- accounts -------------------------------------------------------------------------------------


@ANY_SIZE
async def test_a_key_is_kept_and_never_shown(size: tuple[int, int]) -> None:
    async with at_settings(size) as seat:
        await seat.page("Accounts")
        assert seat.value("OpenAI key") == "in the environment"
        await seat.row("deepgram")
        await seat.press("enter", *"s3cret", "enter")
        assert seat.preferences.ring == {"deepgram": "s3cret"}
        assert seat.value("Deepgram key") == "in the keyring"
        await seat.press("enter")
        assert "s3cret" not in screen_text(seat.pilot)
        await seat.press(*"0ther")
        assert "0ther" not in screen_text(seat.pilot)
        await seat.press("escape", "d")
        assert seat.preferences.ring == {}
        assert seat.value("Deepgram key") == "none"


def test_what_only_the_file_has_of_an_endpoint_is_said() -> None:
    account = Account("mine", "Mine", "MINE_KEY", in_file=("headers", "extra_body"))
    (row,) = account_rows((account,))
    assert row.words.endswith(
        "Holds from the next answer. In config.toml alone: headers, extra_body."
    )


async def test_without_a_keyring_it_is_said_where_the_key_must_go() -> None:
    preferences = FakePreferences()
    preferences.keyring_missing = "No keyring here: set the variable in the environment."
    async with at_settings(preferences=preferences) as seat:
        await seat.page("Accounts")
        await seat.row("deepgram")
        assert "set the variable in the environment" in screen_words(seat.pilot)
        assert "DEEPGRAM_API_KEY" in screen_words(seat.pilot)
        await seat.press("enter")
        assert isinstance(seat.app.screen, SettingsScreen)


# --- keys -----------------------------------------------------------------------------------------


@ANY_SIZE
async def test_a_key_is_changed_by_pressing_it(size: tuple[int, int]) -> None:
    async with at_settings(size) as seat:
        await seat.page("Keys")
        await seat.row("conversation.history")
        await seat.press("enter", "f11")
        assert "F11" in screen_words(seat.pilot)
        await seat.press("enter")
        assert seat.preferences.keys == {"conversation.history": "f11"}
        assert seat.value("History") == "F11"
        await seat.press("escape", "f11")
        await drawn(seat.pilot)
        assert type(seat.app.screen).__name__ == "HistoryScreen"


async def test_a_key_gets_its_own_again_and_others_keep_theirs() -> None:
    async with at_settings(conversation_history="f11", app_help="f16") as seat:
        await seat.page("Keys")
        await seat.row("conversation.history")
        assert seat.value("History") == "F11"
        await seat.press("backspace")
        assert seat.preferences.keys == {"conversation.history": ""}
        assert seat.value("History") == "F2, Ctrl+R"
        assert "F16 Help" in screen_words(seat.pilot)


async def test_a_key_that_is_taken_is_not_kept() -> None:
    async with at_settings() as seat:
        await seat.page("Keys")
        await seat.row("conversation.history")
        await seat.press("enter", "f1")
        assert "F1 is “Help” (Everywhere); press another key." in screen_words(seat.pilot)
        await seat.press("enter")
        assert "Enter is “Send” (Prompt)" in screen_words(seat.pilot)
        await seat.press("f11", "enter")
        assert seat.preferences.keys == {"conversation.history": "f11"}


async def test_a_catch_can_be_left() -> None:
    async with at_settings() as seat:
        await seat.page("Keys")
        await seat.press("enter", "f6", "escape")
        assert isinstance(seat.app.screen, SettingsScreen)
        assert not seat.preferences.keys


@pytest.mark.parametrize(
    ("binding_id", "key", "said_to_be"),
    [
        ("conversation.history", "f2", ""),
        ("history.replay", "f2", ""),
        ("history.replay", "e", "Export"),
        ("conversation.history", "tab", "Complete"),
        ("app.help", "T", "Title by the model"),
        ("list.open", "slash", "Search"),
        ("prompt.send", "ctrl+q", "Quit"),
    ],
)
def test_where_a_key_is_taken(binding_id: str, key: str, said_to_be: str) -> None:
    sentence = taken_by(binding_id, key, {})
    assert (f"“{said_to_be}”" in sentence) if said_to_be else not sentence


def test_a_key_that_two_have_by_default_can_be_put_back() -> None:
    assert taken_by("app.commands", "ctrl+p", {"app.commands": "f5"}) == ""
    assert taken_by("palette.before", "ctrl+p", {}) == ""
    assert "Command before" in taken_by("palette.next", "ctrl+p", {})


def test_a_key_that_was_given_away_is_free() -> None:
    assert taken_by("app.help", "f2", {"conversation.history": "f11"}) == ""
    assert "History" in taken_by("app.help", "f11", {"conversation.history": "f11"})

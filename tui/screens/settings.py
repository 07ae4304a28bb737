"""Settings screen: pages of rows; a change is written to `config.toml` at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Protocol

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import OptionList, Static

from gramophone.core.errors import GramophoneError
from gramophone.ports.backend import ScreenSettings
from gramophone.ports.preferences import Account, Preference, Preferences, Value
from gramophone.text.sanitize import plain_line
from tui import bindings
from tui.keys import key_groups
from tui.screens.dialogs.choose import ChoiceScreen
from tui.screens.dialogs.press_key import PressKeyScreen
from tui.screens.dialogs.text_input import WriteScreen
from tui.sessions.export_flow import shown as shown_path
from tui.settings.keymap import taken_by
from tui.settings.rows import (
    PAGES,
    ROWS,
    NotAValue,
    SettingRow,
    account_rows,
    foot,
    key_rows,
    shown,
    typed,
)
from tui.settings.setting_list import SettingList
from tui.support.error_toast import notify_error
from tui.support.key_bar import KeyBar
from tui.support.page_bar import PageBar
from tui.support.screen_guard import GuardedScreen

OTHER = "Another …"


class LiveSettings(Protocol):
    """Settings that hold as soon as they are changed; the app applies them."""

    def adopt(self, screen: ScreenSettings) -> None: ...

    def adopt_key(self, binding_id: str, keys: str) -> None: ...


class SettingsScreen(GuardedScreen[None]):
    """Shows a page of rows, and below them an explanation of the row under the cursor."""

    CSS_PATH = "settings.tcss"
    AUTO_FOCUS = "SettingList"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings.SETTINGS]

    def __init__(self, preferences: Preferences, live: LiveSettings) -> None:
        super().__init__()
        self._preferences = preferences
        self._live = live
        self._page_index = 0
        self._present: Mapping[str, Preference] = {}
        self._accounts: Sequence[Account] = ()
        self._no_keyring = ""

    def compose(self) -> ComposeResult:
        path = plain_line(shown_path(Path(self._preferences.path)))
        yield Static(f"Settings · {path}", classes="headline", markup=False)
        with Vertical(classes="column"):
            yield PageBar(PAGES)
            yield SettingList()
            yield Static("", classes="foot", markup=False)
        yield KeyBar()

    def on_mount(self) -> None:
        self._show()

    # --- showing ------------------------------------------------------------------------------

    @property
    def _page(self) -> str:
        return PAGES[self._page_index]

    @work(exclusive=True, group="show")
    async def _show(self, row_index: int | None = None) -> None:
        """Read what is set and show the page; the cursor goes to `row_index`."""
        try:
            self._present = await self._preferences.read()
            self._accounts = await self._preferences.accounts()
            self._no_keyring = await self._preferences.why_no_keyring()
        except GramophoneError as error:
            notify_error(self, error)
            return
        self._fill(row_index)

    def _fill(self, row_index: int | None = None) -> None:
        self.query_one(PageBar).show(self._page_index)
        self.query_one(SettingList).fill(self._rows(), row_index)
        self._show_foot()
        self.refresh_bindings()

    def _rows(self) -> list[SettingRow | str]:
        if self._page == "Accounts":
            return [*account_rows(tuple(self._accounts))]
        if self._page == "Keys":
            return key_rows(key_groups(self.app._keymap))  # pyright: ignore[reportPrivateUsage]
        return [self._filled(row) for row in ROWS[self._page]]

    def _filled(self, row: SettingRow) -> SettingRow:
        preference = self._present[row.name]
        if row.name == "voice" and not self._preferences.voices():
            return replace(row, value="piper, the voice on this machine")
        return replace(row, value=shown(row, preference))

    def _show_foot(self) -> None:
        row = self.query_one(SettingList).chosen
        words = "" if row is None else foot(row, self._present.get(row.name))
        if row is not None and row.kind == "secret" and self._no_keyring:
            words = f"{self._no_keyring} ({row.words})"
        self.query_one(".foot", Static).update(words)

    @on(OptionList.OptionHighlighted)
    def _highlighted(self) -> None:
        self._show_foot()
        self.refresh_bindings()

    # --- moving -------------------------------------------------------------------------------

    def action_page(self, index: int) -> None:
        """Open a page, by a click on its name."""
        if self._present:
            # At once: what is pressed next is meant for the page one sees.
            self._page_index = index
            self._fill()

    def action_turn(self, by: int) -> None:
        self.action_page((self._page_index + by) % len(PAGES))

    def action_leave(self) -> None:
        self.dismiss()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer a sample on the page of voices only."""
        return action != "hear" or self._page == "Voice"

    # --- changing -----------------------------------------------------------------------------

    @on(OptionList.OptionSelected)
    @work(exclusive=True, group="change")
    async def _selected(self) -> None:
        row = self.query_one(SettingList).chosen
        if row is None:
            return
        match row.kind:
            case "toggle":
                await self._set(row, not self._present[row.name].value)
            case "choice":
                await self._choose(row)
            case "key":
                await self._press_key(row)
            case _:
                await self._write(row)

    @work(exclusive=True, group="change")
    async def action_usual(self) -> None:
        """Remove the setting from the file, so that the default holds."""
        row = self.query_one(SettingList).chosen
        if row is None:
            return
        match row.kind:
            case "key":
                await self._set_key(row, "")
            case "secret":
                await self._drop_secret(row)
            case _:
                await self._set(row, None)

    # A value is written first, then read back and shown, then applied: the screen never says what
    # the file does not.

    async def _set(self, row: SettingRow, value: Value | None) -> None:
        try:
            await self._preferences.write(row.name, value)
        except GramophoneError as error:
            notify_error(self, error)
        else:
            await self._written(row)

    async def _written(self, row: SettingRow) -> None:
        """Show the value, and apply it where it holds at once."""
        row_index = self.query_one(SettingList).highlighted
        await self._show(row_index).wait()
        if row.now:
            self._adopt()

    def _adopt(self) -> None:
        preferences = self._present
        settings = ScreenSettings(
            theme=str(preferences["theme"].value),
            reduced_motion=bool(preferences["reduced_motion"].value),
            meter_frames_hz=int(preferences["meter_frames_hz"].value),
        )
        self._live.adopt(settings)

    # --- by kind ------------------------------------------------------------------------------

    async def _choose(self, row: SettingRow) -> None:
        try:
            values = await self._choices(row)
        except GramophoneError as error:
            notify_error(self, error)
            return
        if not values:
            self.notify("There is one voice here. Press s to hear it.", markup=False)
            return
        open_ended = row.name in ("voice", "device")
        words = [row.empty if value in ("", 0) else str(value) for value in values]
        present = self._present[row.name].value
        index = await self.app.push_screen_wait(
            ChoiceScreen(
                row.label,
                [*words, *([OTHER] if open_ended else [])],
                values.index(present) if present in values else None,
                (lambda n: self._hear_voice(values, n)) if row.name == "voice" else None,
            )
        )
        if index is None:
            return
        if index == len(values):
            await self._write(row)
        else:
            await self._set(row, values[index] if values[index] != "" else None)

    async def _choices(self, row: SettingRow) -> list[Value]:
        match row.name:
            case "theme":
                return ["", *sorted(self.app.available_themes)]
            case "voice":
                return list(self._preferences.voices())
            case "device":
                return ["", *await self._preferences.devices()]
            case "provider":
                return ["", *self._preferences.providers()]
            case _:
                return list(row.choices)

    async def _write(self, row: SettingRow) -> None:
        secret = row.kind == "secret"
        if secret and self._no_keyring:
            self.notify(self._no_keyring, severity="warning", markup=False)
            return
        preference = self._present.get(row.name)
        value = "" if secret or preference is None else str(preference.value)

        async def keep(text: str) -> str:
            try:
                if not secret:
                    await self._preferences.write(row.name, typed(row, text))
                elif text.strip():
                    await self._preferences.store_key(row.name, text.strip())
            except (GramophoneError, NotAValue) as error:
                return str(error)
            return ""

        screen = WriteScreen(
            row.label,
            value,
            detail=foot(row, preference),
            take=keep,
            secret=secret,
            long=row.kind == "long",
        )
        if await self.app.push_screen_wait(screen) is not None:
            await self._written(row)

    async def _drop_secret(self, row: SettingRow) -> None:
        try:
            await self._preferences.store_key(row.name, "")
        except GramophoneError as error:
            notify_error(self, error)
        else:
            await self._written(row)

    # --- keys ---------------------------------------------------------------------------------

    async def _press_key(self, row: SettingRow) -> None:
        def clash(key: str) -> str:
            return taken_by(row.name, key, self.app._keymap)  # pyright: ignore[reportPrivateUsage]

        key = await self.app.push_screen_wait(PressKeyScreen(row.label, row.value, clash))
        if key is not None:
            await self._set_key(row, key)

    async def _set_key(self, row: SettingRow, key: str) -> None:
        try:
            await self._preferences.write_key(row.name, key)
        except GramophoneError as error:
            notify_error(self, error)
            return
        self._live.adopt_key(row.name, key)
        await self._written(row)

    # --- samples ------------------------------------------------------------------------------

    @work(exclusive=True, group="sample")
    async def action_hear(self) -> None:
        voice = self._present.get("voice")
        if voice is None:
            return
        self.notify("Speaking …")
        try:
            await self._preferences.play_sample(str(voice.value))
        except GramophoneError as error:
            notify_error(self, error)

    async def _hear_voice(self, values: Sequence[Value], index: int) -> None:
        if index < len(values):
            await self._preferences.play_sample(str(values[index]))

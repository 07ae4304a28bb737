"""Rows of the settings screen, page by page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from gramophone.core.frozen import frozen
from gramophone.ports.preferences import Account, Preference, Value
from gramophone.text.sanitize import plain_line
from tui.keys import KeyGroup

Kind: TypeAlias = Literal["toggle", "choice", "text", "long", "whole", "decimal", "secret", "key"]


@frozen
class SettingRow:
    """One setting, key or account. `name` is the setting's, the binding's id, the account's.

    `empty` says what holds where nothing is set; `words` what the row is about. `now` is true of
    what the screen changes at once; the rest holds from the next answer or the next start.
    """

    name: str
    label: str
    words: str
    kind: Kind
    empty: str = "not set"
    choices: tuple[Value, ...] = ()
    now: bool = False
    value: str = ""


PAGES: Final = ("Model", "Voice", "Sound", "Screen", "Accounts", "Keys")

ROWS: Final[Mapping[str, tuple[SettingRow, ...]]] = {
    "Model": (
        SettingRow(
            "provider",
            "Provider",
            "Who answers.",
            "choice",
            "the first with a key, else this machine",
        ),
        SettingRow("model", "Model", "The provider's model.", "text", "the provider's usual one"),
        SettingRow(
            "system_prompt", "System prompt", "What every conversation begins with.", "long"
        ),
        SettingRow(
            "memory",
            "Memory",
            "Of a stopped answer: what was read, or what was heard.",
            "choice",
            "read in the app, heard in ask and say",
            ("read", "heard"),
        ),
        SettingRow("max_tokens", "Longest answer", "In tokens.", "whole", "as the model likes"),
        SettingRow(
            "openai_base_url",
            "OpenAI address",
            "Any server that speaks Chat Completions.",
            "text",
            "the service's own",
        ),
        SettingRow(
            "anthropic_base_url",
            "Anthropic address",
            "Another server.",
            "text",
            "the service's own",
        ),
        SettingRow(
            "local_model", "Model file", "Another GGUF file on this machine.", "text", "SmolLM2"
        ),
    ),
    "Voice": (
        SettingRow("voice", "Voice", "Who speaks; s lets you hear it.", "choice", "the usual one"),
        SettingRow(
            "speak_url",
            "Speech address",
            "ws:// or wss:// of a Speak v1 service.",
            "text",
            "Deepgram with a key, else this machine",
        ),
        SettingRow("speed", "Speed", "0.7 (Flux: 0.5) to 1.5, where the voice has it.", "decimal"),
        SettingRow(
            "sample_rate_hz",
            "Sample rate",
            "In Hz; the recording keeps it.",
            "choice",
            choices=(8000, 16000, 24000, 32000, 48000),
        ),
        SettingRow(
            "lang",
            "Language",
            "Whose ends of sentences: auto (the answer's), en, de, fr …",
            "text",
        ),
    ),
    "Sound": (
        SettingRow("muted", "Begin muted", "Speech is recorded, not played.", "toggle"),
        SettingRow("device", "Device", "Where the sound goes.", "choice", "the system's choice"),
    ),
    "Screen": (
        SettingRow("theme", "Theme", "The colours.", "choice", "textual-dark", now=True),
        SettingRow(
            "reduced_motion",
            "Reduced motion",
            "The strip of sound moves once a second.",
            "toggle",
            now=True,
        ),
        SettingRow(
            "meter_frames_hz",
            "Strip of sound",
            "Frames a second; left alone it is 15, or 5 over ssh.",
            "choice",
            "as the connection allows",
            choices=(0, 2, 5, 8, 10, 15),
            now=True,
        ),
    ),
}

_COMMANDS: Final = {"muted": "/mute"}
"""Slash commands that change a setting at once, for one conversation."""

_FROM_THE_START: Final = frozenset({"muted", "sample_rate_hz", "memory"})
"""Settings that a session keeps from its beginning."""

_ACCOUNT_WORDS: Final = {
    "": "none",
    "environment": "in the environment",
    "keyring": "in the keyring",
}


def shown(row: SettingRow, preference: Preference) -> str:
    """The value in words."""
    value = preference.value
    if isinstance(value, bool):
        return "on" if value else "off"
    return row.empty if value in ("", 0) else plain_line(str(value))


def foot(row: SettingRow, preference: Preference | None) -> str:
    """Explanation of a row, and when a change of it holds."""
    words = [row.words]
    if preference is not None and preference.overruled_by:
        words.append(f"{preference.overruled_by} in the environment wins over it.")
    elif preference is not None and row.name in _FROM_THE_START:
        command = _COMMANDS.get(row.name)
        now = f"; {command} does it now." if command else "."
        words.append(f"Holds from the next start{now}")
    elif preference is not None and not row.now:
        words.append("Holds from the next answer.")
    return " ".join(words)


def account_rows(accounts: tuple[Account, ...]) -> list[SettingRow]:
    """One row a service; the key itself is nowhere in it."""
    return [
        SettingRow(
            account.name,
            f"{account.title} key",
            _account_about(account),
            "secret",
            value=_ACCOUNT_WORDS[account.location],
        )
        for account in accounts
    ]


def _account_about(account: Account) -> str:
    """Explanation of an account, with what only the file has of its endpoint."""
    about = f"{account.variable} in the environment wins over it. Holds from the next answer."
    if account.location == "environment":
        about = f"{account.variable} is set; the keyring is not asked."
    if not account.in_file:
        return about
    return f"{about} In config.toml alone: {', '.join(account.in_file)}."


def key_rows(groups: list[KeyGroup]) -> list[SettingRow | str]:
    """Every binding under the name of its place."""
    rows: list[SettingRow | str] = []
    for group in groups:
        rows.append(group.title)
        for key in group.keys:
            about = f"Its name in config.toml: {key.id}"
            rows.append(SettingRow(key.id, key.words, about, "key", value=", ".join(key.keys)))
    return rows


class NotAValue(Exception):
    """The typed text is not a value of this setting; one sentence says why."""


def typed(row: SettingRow, text: str) -> Value | None:
    """Value of what was typed; None where nothing was.

    Raises:
        NotAValue: it is not a number where one is wanted.
    """
    text = text.strip()
    if not text:
        return None
    if row.kind == "whole":
        if not text.isascii() or not text.isdecimal():
            raise NotAValue("Write a whole number, or nothing.")
        return int(text)
    if row.kind == "decimal":
        try:
            return float(text.replace(",", "."))
        except ValueError as error:
            raise NotAValue("Write a number, for example 1.2.") from error
    return text

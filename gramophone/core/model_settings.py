"""Settings of a request to a language model (temperature, seed …), and how people write them.

They come from `config.toml`, from `ask --set temperature=0.2` and from `/set temperature 0.2`; all
three are checked here, so that one sentence says what is allowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Final

from gramophone.core.errors import ConfigError
from gramophone.core.frozen import frozen

MOST_TOKENS: Final = 10_000_000
MOST_SEED: Final = 2**63 - 1
_MOST_EFFORT_CHARS: Final = 20


@frozen(kw_only=True)
class ModelSettings:
    """Settings that go with a request; None and "" leave the choice to the server.

    Attributes:
        temperature: 0 to 2; 0 takes the likeliest token each time.
        top_p: 0 to 1; the share of probability that tokens are chosen from.
        reasoning_effort: the server's own word, such as `low`, `medium` or `high`.
        max_tokens: the longest answer, thoughts included.
        seed: the same one gives the same answer, where the server supports it.
    """

    temperature: float | None = None
    top_p: float | None = None
    reasoning_effort: str = ""
    max_tokens: int | None = None
    seed: int | None = None

    def over(self, below: ModelSettings) -> ModelSettings:
        """These settings, and those of `below` where these leave the choice open."""
        return replace(below, **self.chosen())

    def chosen(self) -> dict[str, float | int | str]:
        """The settings that are set, by name, in the order in which they are listed above."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: value for name, value in values.items() if value not in (None, "")}

    def with_text(self, name: str, text: str) -> ModelSettings:
        """These settings with one of them as typed; an empty text takes it back.

        Raises:
            ConfigError: there is no such setting, or it cannot have this value.
        """
        _check_name(name)
        text = text.strip()
        if not text:
            return replace(self, **{name: getattr(ModelSettings(), name)})
        value: object = text
        if name != "reasoning_effort":
            value = _number(text, whole=name in _WHOLE)
        return self.with_value(name, text if value is None else value)

    def with_value(self, name: str, value: object) -> ModelSettings:
        """These settings with one of them as a file has it.

        Raises:
            ConfigError: there is no such setting, or it cannot have this value.
        """
        _check_name(name)
        if not _is_allowed(name, value):
            raise ConfigError(f"{name} is {value!r:.80}; it must be {_ALLOWED[name]}.")
        return replace(self, **{name: value})  # pyright: ignore[reportArgumentType]

    def __str__(self) -> str:
        """As `--set` takes them: `temperature=0.2 seed=7`."""
        return " ".join(f"{name}={value}" for name, value in self.chosen().items())


SETTING_NAMES: Final = tuple(item.name for item in fields(ModelSettings))

_WHOLE: Final = frozenset({"max_tokens", "seed"})
_ALLOWED: Final[Mapping[str, str]] = {
    "temperature": "a number from 0 to 2",
    "top_p": "a number from 0 to 1",
    "reasoning_effort": "one word, such as low, medium or high",
    "max_tokens": f"a whole number from 1 to {MOST_TOKENS}",
    "seed": "a whole number",
}


def parse_settings(assignments: Iterable[str]) -> ModelSettings:
    """The settings of texts of the form `NAME=VALUE`; the last of a name counts.

    Raises:
        ConfigError: one has another form, or a value that its setting cannot have.
    """
    settings = ModelSettings()
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise ConfigError(
                f"{assignment[:80]!r} is not a setting; write it as NAME=VALUE, for example "
                "temperature=0.2."
            )
        settings = settings.with_text(name.strip().lower(), text)
    return settings


def _check_name(name: str) -> None:
    if name not in SETTING_NAMES:
        raise ConfigError(
            f"There is no setting {name[:40]!r} of a model; it must be one of "
            f"{', '.join(SETTING_NAMES)}."
        )


def _is_allowed(name: str, value: object) -> bool:
    if name == "reasoning_effort":
        # It stands in a request and on the screen, as one word.
        return (
            isinstance(value, str)
            and 0 < len(value) <= _MOST_EFFORT_CHARS
            and value.isascii()
            and value.replace("-", "").replace("_", "").isalnum()
        )
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    match name:
        case "temperature":
            return 0 <= value <= 2
        case "top_p":
            return 0 <= value <= 1
        case "max_tokens":
            return isinstance(value, int) and 1 <= value <= MOST_TOKENS
        case _:
            return isinstance(value, int) and abs(value) <= MOST_SEED


def _number(text: str, *, whole: bool) -> int | float | None:
    """The number of a text; None where it is none. Long ones are none: int() is quadratic."""
    if len(text) > 30 or not text.isascii():
        return None
    try:
        return int(text) if whole else float(text)
    except ValueError:
        return None

"""Settings of one conversation that slash commands change: model, voice, speed, language.

A name may be given by a part that only one known name has. One that nobody knows here is passed
on as it is: there are models and voices that came after us.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from gramophone.core.errors import ConfigError
from gramophone.core.model_settings import SETTING_NAMES, ModelSettings
from gramophone.ports.backend import AvailableOptions, ConversationInfo, ConversationOptions
from gramophone.text.sanitize import plain_line
from tui.conversation.slash.commands import Refused

AS_CONFIGURED: Final = "-"
"""Argument that returns to the configured value."""

CHOOSING: Final = ("model", "provider", "voice", "system", "set", "speed", "language")
LANGUAGES: Final = {
    "arabic": "ar",
    "chinese": "zh",
    "czech": "cs",
    "danish": "da",
    "dutch": "nl",
    "english": "en",
    "finnish": "fi",
    "french": "fr",
    "german": "de",
    "greek": "el",
    "hindi": "hi",
    "hungarian": "hu",
    "italian": "it",
    "japanese": "ja",
    "korean": "ko",
    "norwegian": "no",
    "persian": "fa",
    "polish": "pl",
    "portuguese": "pt",
    "romanian": "ro",
    "russian": "ru",
    "spanish": "es",
    "swedish": "sv",
    "thai": "th",
    "turkish": "tr",
    "ukrainian": "uk",
    "urdu": "ur",
}
_CODE: Final = re.compile(r"(?:auto|[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*)\Z")
SPEEDS: Final = ("0.8", "0.9", "1", "1.1", "1.2", "1.3", "1.5")


def changed_options(
    name: str, argument: str, choice: ConversationOptions, choices: AvailableOptions, provider: str
) -> ConversationOptions | Refused:
    """Change `choice` as the command `name` asks; `provider` is the one that answers now.

    Raises:
        ValueError: the command is not one of `CHOOSING`.
    """
    taken_back = argument == AS_CONFIGURED
    match name:
        case "model":
            if taken_back:
                return replace(choice, model="")
            return _model(argument, choice, choices, provider)
        case "provider":
            return replace(choice, provider="" if taken_back else argument.lower(), model="")
        case "voice":
            voice = "" if taken_back else _known("voices", argument, choices.voices)
            return voice if isinstance(voice, Refused) else replace(choice, voice=voice)
        case "system":
            return replace(choice, system_prompt="" if taken_back else argument)
        case "set":
            return _set(argument, choice)
        case "speed":
            return _speed("0" if taken_back else argument, choice)
        case "language":
            return _language("" if taken_back else argument, choice)
        case _:
            raise ValueError(f"/{name} chooses nothing")


def model_names(choices: AvailableOptions, provider: str) -> tuple[str, ...]:
    """Completions of `/model`: names at this provider, the others with their provider."""
    here = choices.models.get(provider, ())
    elsewhere = [
        f"{other}/{model}"
        for other in choices.providers
        if other != provider
        for model in choices.models.get(other, ())
    ]
    return (*here, *elsewhere)


def _model(
    argument: str, choice: ConversationOptions, choices: AvailableOptions, provider: str
) -> ConversationOptions | Refused:
    before, slash, after = argument.partition("/")
    if slash and after and before.lower() in choices.models:
        provider, argument = before.lower(), after
        name = _known("models", argument, choices.models[provider])
    else:
        name = _known("models", argument, choices.models.get(provider, ()))
        if name == argument:
            provider, name = _elsewhere(argument, choices, provider)
    if isinstance(name, Refused):
        return name
    return replace(choice, provider=provider, model=name)


def _elsewhere(model: str, choices: AvailableOptions, provider: str) -> tuple[str, str | Refused]:
    """The provider that is known to have this model, if one of those that can be used has."""
    refused: Refused | None = None
    for other in (provider, *choices.providers):
        names = choices.models.get(other, ())
        name = _known("models", model, names)
        if name in names:
            return other, name
        if isinstance(name, Refused):
            refused = refused or name
    return provider, refused or model


def _known(kind: str, typed: str, names: Sequence[str]) -> str | Refused:
    """The name that is meant; what fits none stays as it was typed."""
    folded = typed.casefold()
    for name in names:
        if name.casefold() == folded:
            return name
    within = [name for name in names if folded in name.casefold()]
    if len(within) > 1:
        first_names = ", ".join(plain_line(name) for name in within[:4])
        more = "" if len(within) <= 4 else f" and {len(within) - 4} more"
        return Refused(
            f"Several {kind} have {plain_line(typed)!r} in their name: {first_names}{more}."
        )
    return within[0] if within else typed


def _set(argument: str, choice: ConversationOptions) -> ConversationOptions | Refused:
    """Set one setting of requests: `temperature 0.2`, `temperature=0.2`, or `temperature -`; `-`
    alone restores all of them."""
    if argument == AS_CONFIGURED:
        return replace(choice, settings=ModelSettings())
    name, _, value = argument.replace("=", " ", 1).strip().partition(" ")
    if not value.strip():
        return Refused("/set takes a name and a value, for example /set temperature 0.2.")
    text = "" if value.strip() == AS_CONFIGURED else value
    try:
        return replace(choice, settings=choice.settings.with_text(name.lower(), text))
    except ConfigError as error:
        return Refused(plain_line(str(error)))


def _speed(argument: str, choice: ConversationOptions) -> ConversationOptions | Refused:
    try:
        speed = float(argument.lower().removesuffix("x").removesuffix("×").replace(",", "."))
    except ValueError:
        speed = math.nan
    if not math.isfinite(speed):
        return Refused("/speed takes a number such as 1.2.")
    return replace(choice, speed=speed)


def _language(argument: str, choice: ConversationOptions) -> ConversationOptions | Refused:
    """A language by its name or its code; what looks like a code is passed on."""
    code = LANGUAGES.get(argument.casefold(), argument)
    if code and not _CODE.match(code):
        return Refused("/language takes auto, a name such as German, or a code such as de.")
    return replace(choice, lang=code)


def _language_name(choice: ConversationOptions) -> str:
    if choice.lang == "auto":
        return "the answer's own"
    return plain_line(choice.lang) or "as configured"


# --- in words -------------------------------------------------------------------------------------


def changed_words(name: str, choice: ConversationOptions) -> str:
    """One sentence about what was just chosen."""
    match name:
        case "voice":
            now = f"The voice is {plain_line(choice.voice) or 'as configured'}"
        case "system":
            now = f"The system prompt is {'another' if choice.system_prompt else 'as configured'}"
        case "set":
            now = f"The settings are {str(choice.settings) or 'as configured'}"
        case "speed":
            now = f"The speed is {f'{choice.speed:g}×' if choice.speed else 'as configured'}"
        case "language":
            now = f"The language is {_language_name(choice)}"
        case _:
            answering = "/".join(part for part in (choice.provider, choice.model) if part)
            now = f"The model is {plain_line(answering) or 'as configured'}"
    return f"{now} from the next answer on."


def present_words(
    name: str, choice: ConversationOptions, setup: ConversationInfo, system_prompt: str
) -> str:
    """Two sentences: the present value, and how to change it.

    `setup` is the model and the voice that answer now; `choice` holds from the next answer on.
    """
    match name:
        case "voice":
            now = f"The voice is {plain_line(setup.voice)}."
        case "system" if system_prompt:
            now = f"The system prompt: {plain_line(system_prompt)}"
        case "system":
            now = "There is no system prompt."
        case "set":
            return (
                f"The settings are {str(choice.settings) or 'as configured'}. Write a name and a "
                f"value after /set ({', '.join(SETTING_NAMES)}), or {AS_CONFIGURED} for what is "
                "configured."
            )
        case "speed":
            now = f"The speed is {f'{choice.speed:g}×' if choice.speed else 'as configured'}."
        case "language":
            now = f"The language is {_language_name(choice)}."
        case _:
            now = f"The model is {plain_line(setup.provider)}/{plain_line(setup.model)}."
    return f"{now} Write another after /{name}, or {AS_CONFIGURED} for what is configured."

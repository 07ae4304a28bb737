"""Personas: a model, a voice, a system prompt and settings under one name (`[personas.NAME]`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Final

from gramophone.config.named_tables import Tables
from gramophone.core.errors import ConfigError
from gramophone.core.frozen import frozen
from gramophone.core.model_settings import SETTING_NAMES, ModelSettings

PERSONA_ENTRIES: Final[Mapping[str, tuple[type, ...]]] = {
    "provider": (str,),
    "model": (str,),
    "voice": (str,),
    "system_prompt": (str,),
    "speed": (int, float),
    "language": (str,),
    "temperature": (int, float),
    "top_p": (int, float),
    "reasoning_effort": (str,),
    "max_tokens": (int,),
    "seed": (int,),
}


@frozen(kw_only=True)
class Persona:
    """Choices under one name; what is empty, or a speed of 0, stays as it is without it."""

    name: str
    provider: str = ""
    model: str = ""
    voice: str = ""
    system_prompt: str = ""
    speed: float = 0.0
    lang: str = ""
    settings: ModelSettings = field(default_factory=ModelSettings)


def read_personas(tables: Tables) -> Mapping[str, Persona]:
    """The personas of these tables, by name, in the order of the file.

    Raises:
        ConfigError: a setting of a model is wrong.
    """
    return {name: _persona(name, table) for name, table in tables.items()}


def find_persona(personas: Mapping[str, Persona], name: str) -> Persona:
    """The persona of this name.

    Raises:
        ConfigError: there is none; the sentence names those that there are.
    """
    if name in personas:
        return personas[name]
    known = f"it must be one of {', '.join(personas)}" if personas else "none is set up"
    raise ConfigError(
        f"There is no persona {name[:60]!r}; {known} ([personas.NAME] in config.toml)."
    )


def _persona(name: str, table: Mapping[str, Any]) -> Persona:
    settings = ModelSettings()
    try:
        for entry in SETTING_NAMES:
            if entry in table:
                settings = settings.with_value(entry, table[entry])
    except ConfigError as error:
        raise ConfigError(f"[personas.{name}] {error}") from error
    return Persona(
        name=name,
        provider=table.get("provider", ""),
        model=table.get("model", ""),
        voice=table.get("voice", ""),
        system_prompt=table.get("system_prompt", ""),
        speed=table.get("speed", 0.0),
        lang=table.get("language", ""),
        settings=settings,
    )

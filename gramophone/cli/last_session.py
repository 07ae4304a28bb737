"""The last session, as a question goes on with it."""

from __future__ import annotations

from dataclasses import replace

from gramophone.cli.output import note
from gramophone.config.config import Config
from gramophone.config.loading import choose
from gramophone.core.errors import ConfigError
from gramophone.library.library import SessionRecord
from gramophone.ports.language_model import Message
from storage.library import StoredLibrary


async def last_session(config: Config) -> SessionRecord:
    """Read the last session.

    Raises:
        SessionNotFound: there is none.
    """
    async with await StoredLibrary.open(config.home) as library:
        return await library.session(await library.resolve("last"))


def messages_of(record: SessionRecord) -> list[Message]:
    """The turns of a session that count, as a history."""
    turns = [turn for turn in record.turns if turn.counts and turn.text.strip()]
    return [Message(turn.role, turn.text, turn.heard_chars, turn.aside.give_back) for turn in turns]


def continued_config(
    record: SessionRecord, config: Config, *, model_named: bool, system_named: bool
) -> Config:
    """Settings by which a session goes on: with its model and its system prompt, unless others
    were named. If its model cannot be asked, a note says which one answers instead."""
    if record.system_prompt and not system_named:
        config = replace(config, system_prompt=record.system_prompt)
    provider, model = record.summary.provider, record.summary.model
    if model_named or (provider, model) == (config.provider, config.model_name):
        return config
    try:
        return choose(config, provider=provider, model=model)
    except ConfigError as error:
        note(f"{error} {config.model_name or config.provider} answers instead of {model}.")
        return config

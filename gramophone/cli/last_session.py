"""The last session, as a question goes on with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gramophone.cli.output import note
from gramophone.config.config import Config
from gramophone.config.loading import choose
from gramophone.core.errors import ConfigError
from gramophone.library.library import SessionRecord
from gramophone.ports.language_model import Message
from gramophone.ports.stored_turns import message_of
from storage.library import StoredLibrary


async def last_session(config: Config) -> tuple[SessionRecord, dict[str, bytes]]:
    """Read the last session, and the files of its pictures by their SHA-256.

    Raises:
        SessionNotFound: there is none.
    """
    async with await StoredLibrary.open(config.home) as library:
        session_id = await library.resolve("last")
        return await library.session(session_id), await library.pictures(session_id)


def messages_of(record: SessionRecord, pictures: Mapping[str, bytes]) -> list[Message]:
    """The turns of a session that count, as a history with these files of pictures."""
    turns = [turn for turn in record.turns if turn.counts and turn.text.strip()]
    return [message_of(turn, pictures, turn.aside.give_back) for turn in turns]


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

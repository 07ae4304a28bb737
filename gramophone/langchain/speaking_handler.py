"""A callback handler of LangChain that speaks and records what a chain streams."""

# What is not used of a callback's arguments is in `kwargs`.
# pyright: reportIncompatibleMethodOverride=false

from __future__ import annotations

import asyncio
from typing import Any, Final, Unpack
from uuid import UUID

from langchain_core.callbacks import (  # pyright: ignore[reportMissingImports]
    AsyncCallbackHandler,  # pyright: ignore[reportUnknownVariableType]
)

from gramophone.api.answer import Answer, raise_failure
from gramophone.api.background_speech import BackgroundSpeech, StreamedText
from gramophone.api.settings import Record, SpeechSettings
from gramophone.core.errors import ModelError
from gramophone.providers.llm.langchain_output import read_content
from gramophone.providers.user_code import user_code_failure

FATAL_STAGES: Final = ("model", "speech", "recording", "session")


class SpeakingHandler(AsyncCallbackHandler):  # pyright: ignore[reportUntypedBaseClass]
    """Speaks the models of the chains that it is given to, while they stream.

    Each run of a model is a turn of one session, in the order in which the runs began. With
    `run_name` only runs of that name count, and models within them. A model that does not stream is
    spoken when its answer has come. Nothing that fails here stops a chain: `finished` tells of it.
    """

    def __init__(
        self,
        *,
        run_name: str | None = None,
        record: Record = True,
        **settings: Unpack[SpeechSettings],
    ) -> None:
        """`record` and the settings are those of `gramophone.speak`."""
        self._run_name = run_name
        self._speech = BackgroundSpeech(record, settings)
        self._meant: set[UUID] = set()
        self._texts: dict[UUID, StreamedText] = {}
        self._streamed: set[UUID] = set()

    async def finished(self) -> tuple[Answer, ...]:
        """Wait until all was spoken and heard, and the recording is whole; an answer for each run.

        After it the handler may be used again, and records a new session.

        Raises:
            GramophoneError: a model, the voice or the recording failed, or a setting is wrong.
        """
        answers = await asyncio.wrap_future(self._speech.finish())
        for answer in answers:
            raise_failure(answer, *FATAL_STAGES)
        return answers

    # --- called by LangChain --------------------------------------------------------------------

    async def on_chain_start(
        self,
        serialized: dict[str, Any],
        inputs: dict[str, Any],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **kwargs: Any,
    ) -> None:
        self._is_meant(run_id, parent_run_id, kwargs.get("name"))

    async def on_chat_model_start(
        self,
        serialized: dict[str, Any],
        messages: list[list[Any]],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **kwargs: Any,
    ) -> None:
        self._begin(run_id, parent_run_id, kwargs.get("name"))

    async def on_llm_start(
        self,
        serialized: dict[str, Any],
        prompts: list[str],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **kwargs: Any,
    ) -> None:
        self._begin(run_id, parent_run_id, kwargs.get("name"))

    async def on_llm_new_token(self, token: Any, *, run_id: UUID, **kwargs: Any) -> None:
        text, _ = read_content(token)
        if text and run_id in self._texts:
            self._streamed.add(run_id)
            self._speech.add(self._texts[run_id], text)

    async def on_llm_end(self, response: Any, *, run_id: UUID, **kwargs: Any) -> None:
        if run_id not in self._texts:
            return
        if run_id not in self._streamed and response.generations and response.generations[0]:
            self._speech.add(self._texts[run_id], response.generations[0][0].text)
        self._end(run_id, None)

    async def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        self._end(run_id, ModelError(user_code_failure("The chain's model", error)))

    def _is_meant(self, run_id: UUID, parent_run_id: UUID | None, name: object) -> bool:
        if self._run_name is None or name == self._run_name or parent_run_id in self._meant:
            self._meant.add(run_id)
        return run_id in self._meant

    def _begin(self, run_id: UUID, parent_run_id: UUID | None, name: object) -> None:
        if self._is_meant(run_id, parent_run_id, name):
            self._texts[run_id] = self._speech.begin()

    def _end(self, run_id: UUID, error: ModelError | None) -> None:
        self._streamed.discard(run_id)
        self._meant.discard(run_id)
        if (text := self._texts.pop(run_id, None)) is not None:
            self._speech.add(text, error)

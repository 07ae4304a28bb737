"""OpenAI's Chat Completions, of OpenAI or any server that speaks them, with the official SDK.

llama.cpp, Ollama and vLLM are reached through `base_url`. The SDK is imported at the first use:
it takes half a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gramophone.ports.language_model import Message
from gramophone.providers.llm.http_model import SdkStream
from gramophone.providers.llm.openai_model import OpenAIModel
from gramophone.providers.llm.sent_pictures import chat_parts
from gramophone.wire.llm.give_back import chat_fields

if TYPE_CHECKING:
    from openai import AsyncOpenAI


class OpenAIChat(OpenAIModel):
    """A `ports.LanguageModel`; see `OpenAIModel`."""

    async def _request(
        self, client: AsyncOpenAI, messages: Sequence[Message], system_prompt: str
    ) -> SdkStream:
        return await client.chat.completions.create(
            model=self.model,
            messages=_messages(messages, system_prompt),
            stream=True,
            extra_body=self._extra_body(),
        )

    def _parameters(self) -> dict[str, Any]:
        parameters = {"stream_options": {"include_usage": True}, **self._options.settings.chosen()}
        if self._max_tokens is None:
            return parameters
        parameters.pop("max_tokens", None)
        # OpenAI's newer models refuse `max_tokens`; most other servers know nothing else.
        names = ["max_completion_tokens", "max_tokens"]
        for name in names if self._is_openai() else reversed(names):
            if name not in self._options.memory.refused:
                return {**parameters, name: self._max_tokens}
        return parameters


def _messages(messages: Sequence[Message], system_prompt: str) -> Any:
    system = [{"role": "system", "content": system_prompt}] if system_prompt else []
    return [
        *system,
        *({**chat_fields(m.items), "role": m.role, "content": _content(m)} for m in messages),
    ]


def _content(message: Message) -> str | list[dict[str, Any]]:
    # Servers that know no pictures take a text alone, so others get no list.
    return chat_parts(message) if message.pictures else message.text

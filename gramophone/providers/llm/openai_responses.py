"""OpenAI's Responses, of OpenAI or any server that speaks them, with the official SDK.

Nothing is stored on the server: the whole history goes with every request, and so do the encrypted
thoughts that came with its answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from gramophone.ports.language_model import Message
from gramophone.providers.llm.http_model import SdkStream
from gramophone.providers.llm.openai_model import OpenAIModel
from gramophone.providers.llm.sent_pictures import responses_parts
from gramophone.wire.llm.give_back import responses_items

if TYPE_CHECKING:
    from openai import AsyncOpenAI


class OpenAIResponses(OpenAIModel):
    """A `ports.LanguageModel`; see `OpenAIModel`."""

    async def _request(
        self, client: AsyncOpenAI, messages: Sequence[Message], system_prompt: str
    ) -> SdkStream:
        from openai import omit

        items: Any = list(_items(messages))
        return await client.responses.create(
            model=self.model,
            instructions=system_prompt or omit,
            input=items,
            stream=True,
            extra_body=self._extra_body(),
        )

    def _parameters(self) -> dict[str, Any]:
        settings = self._options.settings.chosen()
        parameters: dict[str, Any] = {"store": False, "include": ["reasoning.encrypted_content"]}
        parameters |= {
            name: settings[name] for name in ("temperature", "top_p") if name in settings
        }
        if effort := settings.get("reasoning_effort"):
            parameters["reasoning"] = {"effort": effort}
        if self._max_tokens is not None:
            parameters["max_output_tokens"] = self._max_tokens
        return parameters


def _items(messages: Sequence[Message]) -> Iterator[dict[str, Any]]:
    for message in messages:
        yield from responses_items(message.items)
        # OpenAI takes a bare text for the content, but llama.cpp does not for an answer.
        kind = "output_text" if message.role == "assistant" else "input_text"
        content = [{"type": kind, "text": message.text}, *responses_parts(message)]
        yield {"type": "message", "role": message.role, "content": content}

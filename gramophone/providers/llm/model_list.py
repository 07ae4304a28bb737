"""The list of models that an endpoint serves: `GET …/models`, page by page.

Nearly every server has it, in the form of OpenAI or of Anthropic; some tell how many tokens a model
takes, each in a field of its own. Imported at the first use, because httpx takes long to import.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import httpx2

from gramophone.core.frozen import frozen
from gramophone.providers.llm.error_messages import ModelFailures
from gramophone.providers.llm.http_client import tls_context, unpacked
from gramophone.providers.llm.own_headers import HeaderPolicy
from gramophone.text.sanitize import plain_line
from gramophone.wire.lenient_json import as_object, as_text, read_object
from gramophone.wire.limits import TooMuch
from gramophone.wire.llm.refusal_reader import read_refusal
from gramophone.wire.loopback import on_this_machine

LIST_TIMEOUT_S: Final = 10.0
MOST_LIST_BYTES: Final = 8 * 2**20
MOST_MODELS: Final = 20_000
MOST_PAGES: Final = 50
_MOST_ID_CHARS: Final = 200
_PAGE_MODELS: Final = 1000
_ANTHROPIC_VERSION: Final = "2023-06-01"
_CONTEXT_FIELDS: Final = (
    "context_length",
    "max_model_len",
    "context_window",
    "max_context_length",
    "max_input_tokens",
)
"""OpenRouter's, vLLM's, Groq's, Mistral's and LM Studio's, and Anthropic's names for it."""


@frozen
class ListedModel:
    """A model that an endpoint lists; `context_tokens` is None where it does not tell."""

    id: str
    context_tokens: int | None = None


class ModelList:
    """Fetches the list of one endpoint, whose address has no path of a request."""

    def __init__(
        self, base_url: str, failures: ModelFailures, headers: HeaderPolicy, *, messages: bool
    ) -> None:
        """With `messages` the endpoint speaks Anthropic's protocol, whose paths begin with /v1."""
        self._url = f"{base_url.rstrip('/')}{'/v1' if messages else ''}/models"
        self._failures = failures
        self._headers = headers
        self._messages = messages

    async def fetch(self) -> tuple[ListedModel, ...]:
        """Fetch the models, in the server's order.

        Raises:
            ModelError: the server cannot be reached, refuses it, or answers otherwise.
        """
        self._failures.check_key()
        try:
            async with asyncio.timeout(LIST_TIMEOUT_S):
                return await self._pages()
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise self._failures.too_slow(begun=False) from error
        except httpx2.TransportError as error:
            raise self._failures.unreachable() from error
        except TooMuch as error:
            raise self._failures.sent_too_much(str(error), begun=False) from error
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            raise self._failures.misconfigured(str(error)) from error

    async def _pages(self) -> tuple[ListedModel, ...]:
        models: dict[str, ListedModel] = {}
        after = ""
        trust_env = not on_this_machine(self._url)
        async with httpx2.AsyncClient(
            verify=tls_context(trust_env=trust_env),
            trust_env=trust_env,
            timeout=LIST_TIMEOUT_S,
            follow_redirects=True,
            event_hooks={"request": [self._headers.hook()]},
        ) as client:
            for _ in range(MOST_PAGES):
                page = await self._page(client, after)
                listed = _listed(page)
                models |= {model.id: model for model in listed}
                last = as_text(page.get("last_id"))
                if page.get("has_more") is not True or not last or len(models) > MOST_MODELS:
                    break
                after = last
        return tuple(models.values())[:MOST_MODELS]

    async def _page(self, client: httpx2.AsyncClient, after: str) -> dict[str, Any]:
        parameters: dict[str, str | int] = {}
        headers: dict[str, str] = {}
        if self._messages:
            parameters["limit"] = _PAGE_MODELS
            headers["anthropic-version"] = _ANTHROPIC_VERSION
        if after:
            parameters["after_id"] = after
        async with client.stream("GET", self._url, params=parameters, headers=headers) as response:
            body = bytearray()
            encoding = response.headers.get("content-encoding", "").strip().lower()
            async for piece in unpacked(response.aiter_raw(), encoding):
                body += piece
                if len(body) > MOST_LIST_BYTES:
                    raise TooMuch.of("a list of models", MOST_LIST_BYTES)
        if not response.is_success:
            refusal = read_refusal(response.status_code, bytes(body), response.headers)
            raise self._failures.refused(refusal)
        page = read_object(bytes(body))
        if not isinstance(page.get("data"), list):
            raise self._failures.not_an_answer()
        return page


def _listed(page: dict[str, Any]) -> list[ListedModel]:
    models: list[ListedModel] = []
    for item in page["data"]:
        fields = as_object(item)
        name = plain_line(as_text(fields.get("id")))
        if name and len(name) <= _MOST_ID_CHARS:
            models.append(ListedModel(name, _context_tokens(fields)))
    return models


def _context_tokens(fields: dict[str, Any]) -> int | None:
    meta = as_object(fields.get("meta"))
    for value in (meta.get("n_ctx"), *(fields.get(name) for name in _CONTEXT_FIELDS)):
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 10**9:
            return value
    return None

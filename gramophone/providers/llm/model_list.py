"""The list of models that an endpoint serves: `GET …/models`, page by page.

Nearly every server has it, in the form of OpenAI or of Anthropic; many tell how many tokens a model
takes. Imported at the first use, because httpx takes long to import.
"""

from __future__ import annotations

from typing import Any, Final

from gramophone.core.frozen import frozen
from gramophone.providers.llm.endpoint_json import EndpointJson, asking
from gramophone.providers.llm.error_messages import ModelFailures
from gramophone.providers.llm.own_headers import HeaderPolicy
from gramophone.text.sanitize import plain_line
from gramophone.wire.lenient_json import as_list, as_object, as_text
from gramophone.wire.llm.context_windows import (
    NO_WINDOW,
    ContextWindow,
    ServerKind,
    kind_of,
    listed_window,
)
from gramophone.wire.llm.picture_support import listed_pictures

MOST_MODELS: Final = 20_000
MOST_PAGES: Final = 50
_MOST_ID_CHARS: Final = 200
_PAGE_MODELS: Final = 1000
_ANTHROPIC_VERSION: Final = "2023-06-01"


@frozen
class ListedModel:
    """A model that an endpoint lists, with what the list tells of it.

    Attributes:
        id: the name by which it is asked.
        window: tokens that a request and its answer may have.
        server: the kind of the server, by this item of its list.
        pictures: whether it takes pictures; None where the list does not tell.
    """

    id: str
    window: ContextWindow = NO_WINDOW
    server: ServerKind = ""
    pictures: bool | None = None


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
        async with asking(self._url, self._failures, self._headers) as server:
            return await self._pages(server)

    async def _pages(self, server: EndpointJson) -> tuple[ListedModel, ...]:
        models: dict[str, ListedModel] = {}
        after = ""
        for _ in range(MOST_PAGES):
            page = await self._page(server, after)
            models |= {model.id: model for model in _listed(page)}
            last = as_text(page.get("last_id"))
            if page.get("has_more") is not True or not last or len(models) > MOST_MODELS:
                break
            after = last
        return tuple(models.values())[:MOST_MODELS]

    async def _page(self, server: EndpointJson, after: str) -> dict[str, Any]:
        parameters: dict[str, str | int] = {}
        headers: dict[str, str] = {}
        if self._messages:
            parameters["limit"] = _PAGE_MODELS
            headers["anthropic-version"] = _ANTHROPIC_VERSION
        if after:
            parameters["after_id"] = after
        page = await server.get(self._url, parameters, headers)
        if not isinstance(page.get("data"), list):
            raise self._failures.not_an_answer()
        return page


def _listed(page: dict[str, Any]) -> list[ListedModel]:
    models: list[ListedModel] = []
    for item in as_list(page["data"]):
        fields = as_object(item)
        name = plain_line(as_text(fields.get("id")))
        if name and len(name) <= _MOST_ID_CHARS:
            pictures = listed_pictures(page, fields)
            models.append(ListedModel(name, listed_window(fields), kind_of(fields), pictures))
    return models

"""JSON objects of an endpoint besides its answers: the list of models, and what else it tells.

Imported at the first use, because httpx takes long to import.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx2

from gramophone.providers.llm.error_messages import ModelFailures
from gramophone.providers.llm.http_client import tls_context, unpacked
from gramophone.providers.llm.own_headers import HeaderPolicy
from gramophone.wire.lenient_json import read_object
from gramophone.wire.limits import TooMuch
from gramophone.wire.llm.refusal_reader import read_refusal
from gramophone.wire.loopback import on_this_machine

TIMEOUT_S: Final = 10.0
"""Seconds for all requests of one context."""
MOST_JSON_BYTES: Final = 8 * 2**20


class EndpointJson:
    """Requests to one server whose answers are JSON objects, each of at most 8 MiB."""

    def __init__(self, client: httpx2.AsyncClient, failures: ModelFailures) -> None:
        self._client = client
        self._failures = failures

    async def get(
        self,
        url: str,
        parameters: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Fetch an object; an empty one where something else than an object came.

        Raises:
            ModelError: the server refuses it.
        """
        return await self._object("GET", url, params=parameters, headers=headers)

    async def post(self, url: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send an object, and give back the one that answers, as `get` does.

        Raises:
            ModelError: the server refuses it.
        """
        return await self._object("POST", url, json=body)

    async def _object(self, method: str, url: str, **request: Any) -> dict[str, Any]:
        async with self._client.stream(method, url, **request) as response:
            body = bytearray()
            encoding = response.headers.get("content-encoding", "").strip().lower()
            async for piece in unpacked(response.aiter_raw(), encoding):
                body += piece
                if len(body) > MOST_JSON_BYTES:
                    raise TooMuch.of("a list of models", MOST_JSON_BYTES)
        if not response.is_success:
            refusal = read_refusal(response.status_code, bytes(body), response.headers)
            raise self._failures.refused(refusal)
        return read_object(bytes(body))


@asynccontextmanager
async def asking(
    url: str, failures: ModelFailures, headers: HeaderPolicy
) -> AsyncGenerator[EndpointJson]:
    """Ask the server of this address; all that goes wrong in the context becomes one sentence.

    Raises:
        ModelError: the server cannot be reached, is too slow, refuses, or sends too much.
    """
    failures.check_key()
    trust_env = not on_this_machine(url)
    try:
        async with (
            asyncio.timeout(TIMEOUT_S),
            httpx2.AsyncClient(
                verify=tls_context(trust_env=trust_env),
                trust_env=trust_env,
                timeout=TIMEOUT_S,
                follow_redirects=True,
                event_hooks={"request": [headers.hook()]},
            ) as client,
        ):
            yield EndpointJson(client, failures)
    except (TimeoutError, httpx2.TimeoutException) as error:
        raise failures.too_slow(arrived=False) from error
    except httpx2.TransportError as error:
        raise failures.unreachable() from error
    except TooMuch as error:
        raise failures.sent_too_much(str(error), arrived=False) from error
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
        raise failures.misconfigured(str(error)) from error

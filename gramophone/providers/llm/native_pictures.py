"""Whether a model takes pictures, at the addresses that servers have of their own.

Imported at the first use, because httpx takes long to import.
"""

from __future__ import annotations

from gramophone.providers.llm.endpoint_json import asking
from gramophone.providers.llm.error_messages import ModelFailures
from gramophone.providers.llm.own_headers import HeaderPolicy
from gramophone.wire.llm.context_windows import ServerKind
from gramophone.wire.llm.picture_support import llamacpp_pictures, shown_pictures


class NativePictures:
    """Asks one endpoint about its models, as servers of its kind want it."""

    def __init__(self, base_url: str, failures: ModelFailures, headers: HeaderPolicy) -> None:
        self._root = base_url.rstrip("/").removesuffix("/v1")
        self._failures = failures
        self._headers = headers

    async def fetch(self, server: ServerKind, model: str) -> bool | None:
        """Find out whether a model takes pictures; None where the server does not tell.

        Raises:
            ModelError: the server cannot be reached, or refuses it.
        """
        if server not in ("ollama", "llamacpp"):
            return None
        async with asking(self._root, self._failures, self._headers) as endpoint:
            if server == "llamacpp":
                return llamacpp_pictures(await endpoint.get(f"{self._root}/props"))
            return shown_pictures(await endpoint.post(f"{self._root}/api/show", {"model": model}))

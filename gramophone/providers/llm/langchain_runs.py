"""One run of several in a chain, by its name: its text alone, and none of it twice.

The events of a chain tell each token several times: of the model, of the parser behind it, and of
every sequence around both. A name is that of a run (`with_config(run_name="answer")`), or that of a
node of a graph; then it means the models that the node asks.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any, Final, cast

from gramophone.core.errors import ModelError

_MOST_NAMES: Final = 12
_MODEL_STREAM: Final = "on_chat_model_stream"


class NamedRun:
    """Picks the outputs of one run out of the events (`astream_events`, version 2) of a chain."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._names: dict[str, None] = {}
        self._kind = ""

    async def outputs(self, events: AsyncIterator[Mapping[str, Any]]) -> AsyncGenerator[object]:
        """Yield its outputs, and close the events in the end.

        Raises:
            ModelError: the chain has no run of this name.
        """
        try:
            async for event in events:
                self._names.setdefault(str(event["name"]))
                for output in self._outputs(event):
                    yield output
        finally:
            if isinstance(events, AsyncGenerator):
                await cast("AsyncGenerator[object]", events).aclose()
        if not self._kind and self._name not in self._names:
            names = ", ".join(list(self._names)[:_MOST_NAMES])
            raise ModelError(f"The chain has no run {self._name!r}; its runs are {names[:300]}.")

    def _outputs(self, event: Mapping[str, Any]) -> list[object]:
        kind = str(event["event"])
        if kind.endswith("_stream") and self._is_meant(event, kind):
            # The first kind that tells of it is followed, the others repeat its words.
            self._kind = self._kind or kind
            return [event["data"].get("chunk")] if kind == self._kind else []
        if kind.endswith("_end") and event["name"] == self._name and not self._kind:
            self._kind = kind.removesuffix("_end")
            return [event["data"].get("output")]
        return []

    def _is_meant(self, event: Mapping[str, Any], kind: str) -> bool:
        if event["name"] == self._name:
            return True
        node = event.get("metadata", {}).get("langgraph_node")
        return kind == _MODEL_STREAM and node == self._name

"""Suggesters of text fields: filters of a search, tags of a session."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.suggester import Suggester

from gramophone.library.search_query import completed


class FilterSuggester(Suggester):
    """Completes the filter at the end of a search."""

    def __init__(self, tags: Callable[[], Sequence[str]]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._tags = tags

    async def get_suggestion(self, value: str) -> str | None:
        return completed(value, self._tags())


class TagSuggester(Suggester):
    """Completes the tag at the end of a line."""

    def __init__(self, tags: Sequence[str]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._tags = tags

    async def get_suggestion(self, value: str) -> str | None:
        typed = value.replace(",", " ").rpartition(" ")[2].lstrip("+-#")
        fitting = (tag for tag in self._tags if typed and tag.startswith(typed) and tag != typed)
        tag = next(fitting, None)
        return None if tag is None else value + tag[len(typed) :]

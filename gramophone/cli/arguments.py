"""Types of arguments whose values are known only when the settings have been read."""

from __future__ import annotations

import os
from contextlib import suppress

import click
from click.shell_completion import CompletionItem

from gramophone.core.errors import GramophoneError


class ProviderName(click.ParamType[str]):
    """Name of a provider; whether there is such a one is checked with the settings."""

    name = "name"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Names that can be used now; none where the settings cannot be read."""
        from gramophone.config.loading import load

        with suppress(GramophoneError):
            names = load(os.environ).usable_providers
            return [CompletionItem(name) for name in names if name.startswith(incomplete)]
        return []

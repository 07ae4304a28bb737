"""Types of arguments whose values are known only when the settings have been read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from gramophone.core.errors import GramophoneError

if TYPE_CHECKING:
    from gramophone.config.config import Config


def _names_that_begin(
    names: Callable[[Config], Iterable[str]], beginning: str
) -> list[CompletionItem]:
    """Names of the settings, for shell completion; none where the settings cannot be read."""
    from gramophone.config.loading import load

    with suppress(GramophoneError):
        known = names(load(os.environ))
        return [CompletionItem(name) for name in known if name.startswith(beginning)]
    return []


class PersonaName(click.ParamType[str]):
    """Name of a persona; whether there is such a one is checked with the settings."""

    name = "name"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Names of the personas."""
        return _names_that_begin(lambda config: config.personas, incomplete)


class ProviderName(click.ParamType[str]):
    """Name of a provider; whether there is such a one is checked with the settings."""

    name = "name"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Names that can be used now."""
        return _names_that_begin(lambda config: config.usable_providers, incomplete)

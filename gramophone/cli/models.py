"""`models`: the models that endpoints serve, as they tell it now."""

from __future__ import annotations

import asyncio
from typing import Any

from gramophone.app.endpoint_clients import checked_endpoints, model_list_of
from gramophone.cli.output import note, result, result_json
from gramophone.config.config import Config
from gramophone.config.endpoints import LOCAL, Endpoint
from gramophone.core.errors import ConfigError, ModelError
from gramophone.providers.llm.model_list import ListedModel
from gramophone.text.sanitize import plain_line


async def list_models(config: Config, name: str, *, as_json: bool) -> int:
    """Print a line a model: id, endpoint, and where the server tells the tokens that it takes, and
    whether it takes pictures.

    Without a name, every endpoint that is set up is asked; one that does not answer is noted. Exit
    code 1 if none answered.

    Raises:
        ConfigError: there is no endpoint of this name.
    """
    endpoints = _wanted(config, name)
    lists = await asyncio.gather(*map(_fetch, endpoints))
    for models in lists:
        if isinstance(models, ModelError):
            note(plain_line(str(models)))
    answered = [
        (endpoint, models)
        for endpoint, models in zip(endpoints, lists, strict=True)
        if not isinstance(models, ModelError)
    ]
    rows = [_row(endpoint, model) for endpoint, models in answered for model in models]
    if as_json:
        result_json(rows)
    else:
        for row in rows:
            result("  ".join(_words(row)))
    return 0 if answered else 1


def models_line(count: int) -> str:
    """Words for how many models there are."""
    return f"{count} model{'' if count == 1 else 's'}"


def _wanted(config: Config, name: str) -> list[Endpoint]:
    if not name:
        return checked_endpoints(config)
    endpoint = config.endpoints.get(name)
    if endpoint is None:
        names = ", ".join(config.endpoints)
        reason = "is the embedded model, which is one" if name == LOCAL else "is not an endpoint"
        raise ConfigError(f"{name[:60]!r} {reason}; name one of {names}.")
    if not endpoint.usable:
        raise ConfigError(f"The endpoint {name} needs {endpoint.key_variable}.")
    return [endpoint]


async def _fetch(endpoint: Endpoint) -> tuple[ListedModel, ...] | ModelError:
    try:
        return await model_list_of(endpoint).fetch()
    except ModelError as error:
        return error


def _row(endpoint: Endpoint, model: ListedModel) -> dict[str, Any]:
    return {
        "id": model.id,
        "endpoint": endpoint.name,
        "context_tokens": model.window.tokens,
        "pictures": model.pictures,
    }


def _words(row: dict[str, Any]) -> list[str]:
    values = [str(row[name]) for name in ("id", "endpoint", "context_tokens") if row[name]]
    return [*values, *(["pictures"] if row["pictures"] else [])]

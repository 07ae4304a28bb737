"""Models that take pictures: where each kind of server tells it.

OpenRouter, Mistral, Anthropic and llama.cpp tell it in their list of models. Ollama and older
versions of llama.cpp have an address of their own for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gramophone.wire.lenient_json import as_list, as_object, as_text


def listed_pictures(page: Mapping[str, Any], model: Mapping[str, Any]) -> bool | None:
    """Whether an item of a page of `GET …/models` takes pictures; None where nobody tells."""
    inputs = as_object(model.get("architecture")).get("input_modalities")
    if isinstance(inputs, list):
        return "image" in inputs
    capabilities = as_object(model.get("capabilities"))
    vision = capabilities.get("vision")
    if vision is None:
        vision = as_object(capabilities.get("image_input")).get("supported")
    if isinstance(vision, bool):
        return vision
    # llama.cpp has another list beside the one of OpenAI's form.
    name = as_text(model.get("id"))
    beside = map(as_object, as_list(page.get("models")))
    return next((shown_pictures(item) for item in beside if name == item.get("name")), None)


def shown_pictures(show: Mapping[str, Any]) -> bool | None:
    """Whether a model takes pictures, by a list of its capabilities: `POST /api/show` of Ollama."""
    capabilities = show.get("capabilities")
    if not isinstance(capabilities, list):
        return None
    return "vision" in capabilities or "multimodal" in capabilities


def llamacpp_pictures(props: Mapping[str, Any]) -> bool | None:
    """Whether the model of llama.cpp takes pictures, by `GET /props`."""
    vision = as_object(props.get("modalities")).get("vision")
    return vision if isinstance(vision, bool) else None

"""Validation of JSON against the types of the services' own SDKs, stricter than the SDKs are.

A client's SDK accepts any field and any type of it. Here a field that the type does not have is a
difference, and so is a missing or null one that it needs. Begin with `assert_typed`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib import import_module
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, cast, get_args, get_origin

from pydantic import BaseModel

from gramophone.wire.lenient_json import as_object
from tests.support.sse_reading import events_in

_OPENAI: Final = "openai.types."
_RESPONSES: Final = "openai.types.responses."
_ANTHROPIC: Final = "anthropic.types."
_SPEAK_V1: Final = "deepgram.speak.v1.types."
_SPEAK_V2: Final = "deepgram.speak.v2.types."
_LISTEN_V1: Final = "deepgram.listen.v1.types."
_LISTEN_V2: Final = "deepgram.listen.v2.types."

BODIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "chat": f"{_OPENAI}chat.ChatCompletion",
        "chat chunk": f"{_OPENAI}chat.ChatCompletionChunk",
        "response": f"{_RESPONSES}Response",
        "response event": f"{_RESPONSES}ResponseStreamEvent",
        "input items": f"{_RESPONSES}response_item_list.ResponseItemList",
        "embeddings": f"{_OPENAI}CreateEmbeddingResponse",
        "openai model": f"{_OPENAI}Model",
        "openai error": f"{_OPENAI}shared.ErrorObject",
        "transcription": f"{_OPENAI}audio.Transcription",
        "verbose transcription": f"{_OPENAI}audio.TranscriptionVerbose",
        "diarized transcription": f"{_OPENAI}audio.TranscriptionDiarized",
        "translation": f"{_OPENAI}audio.Translation",
        "verbose translation": f"{_OPENAI}audio.TranslationVerbose",
        "transcription event": f"{_OPENAI}audio.TranscriptionStreamEvent",
        "message": f"{_ANTHROPIC}Message",
        "message event": f"{_ANTHROPIC}RawMessageStreamEvent",
        "token count": f"{_ANTHROPIC}MessageTokensCount",
        "anthropic model": f"{_ANTHROPIC}ModelInfo",
        "anthropic error": f"{_ANTHROPIC}shared.error_response.ErrorResponse",
        "listen": "deepgram.types.ListenV1Response",
        "deepgram models": "deepgram.types.ListModelsV1Response",
        "deepgram model": "deepgram.types.GetModelV1Response",
        "deepgram projects": "deepgram.types.ListProjectsV1Response",
        "deepgram project": "deepgram.types.GetProjectV1Response",
        "deepgram grant": "deepgram.types.GrantV1Response",
        "deepgram error": "deepgram.types.ErrorResponse",
    }
)
"""Bodies and events by a name of ours."""

_BESIDE: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "chat": (".reasoning_content",),
        "chat chunk": (".reasoning_content", ".timings"),
        "response": (".store",),
        "response event": (".response.store",),
        "verbose transcription": (".task",),
        "verbose translation": (".task",),
        "listen": (".punctuated_word",),
    }
)
"""Ends of the paths of fields that the SDKs do not have and the stand-in sends on purpose.

OpenAI's published examples have `store` and `task`. Other servers of Chat Completions send
reasoning and, in recordings, timings. Deepgram's words have their punctuation beside them; the type
of those in utterances has it.
"""

FRAMES: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "speak v1": {
            "Metadata": f"{_SPEAK_V1}SpeakV1Metadata",
            "Flushed": f"{_SPEAK_V1}SpeakV1Flushed",
            "Cleared": f"{_SPEAK_V1}SpeakV1Cleared",
            "Warning": f"{_SPEAK_V1}SpeakV1Warning",
        },
        "speak v2": {
            "Connected": f"{_SPEAK_V2}SpeakV2Connected",
            "ConfigureSuccess": f"{_SPEAK_V2}SpeakV2ConfigureSuccess",
            "ConfigureFailure": f"{_SPEAK_V2}SpeakV2ConfigureFailure",
            "Error": f"{_SPEAK_V2}SpeakV2Error",
            "Flushed": f"{_SPEAK_V2}SpeakV2Flushed",
            "SessionMetadata": f"{_SPEAK_V2}SpeakV2SessionMetadata",
            "SpeechInterrupted": f"{_SPEAK_V2}SpeakV2SpeechInterrupted",
            "SpeechMetadata": f"{_SPEAK_V2}SpeakV2SpeechMetadata",
            "SpeechStarted": f"{_SPEAK_V2}SpeakV2SpeechStarted",
            "Warning": f"{_SPEAK_V2}SpeakV2Warning",
        },
        "listen v1": {
            "ConfigureFailure": f"{_LISTEN_V1}ListenV1ConfigureFailure",
            "ConfigureSuccess": f"{_LISTEN_V1}ListenV1ConfigureSuccess",
            "Error": f"{_LISTEN_V1}ListenV1Error",
            "Metadata": f"{_LISTEN_V1}ListenV1Metadata",
            "Results": f"{_LISTEN_V1}ListenV1Results",
            "SpeechStarted": f"{_LISTEN_V1}ListenV1SpeechStarted",
            "UtteranceEnd": f"{_LISTEN_V1}ListenV1UtteranceEnd",
        },
        "listen v2": {
            "Connected": f"{_LISTEN_V2}ListenV2Connected",
            "ConfigureFailure": f"{_LISTEN_V2}ListenV2ConfigureFailure",
            "ConfigureSuccess": f"{_LISTEN_V2}ListenV2ConfigureSuccess",
            "Error": f"{_LISTEN_V2}ListenV2FatalError",
            "TurnInfo": f"{_LISTEN_V2}ListenV2TurnInfo",
            "Warning": f"{_LISTEN_V2}ListenV2Warning",
        },
    }
)
"""Messages of websockets by their field `type`, for each interface."""


def assert_typed(name: str, value: object) -> None:
    """Assert that a value is what `BODIES` has under this name."""
    beside = tuple(f"{path}: unknown" for path in _BESIDE.get(name, ()))
    differences = [
        difference
        for difference in typed_differences(sdk_type(BODIES[name]), value)
        if not (beside and difference.endswith(beside))
    ]
    assert not differences, f"{name}: {'; '.join(differences)}\n{json.dumps(value)[:2000]}"


def assert_stream_typed(name: str, stream: bytes) -> list[Any]:
    """Assert the same of each event of a stream, and that events are named as their type.

    Returns the events without `[DONE]`. The SDKs have no type of what they read themselves: errors
    in a stream, which are those of their bodies, and the pings of Anthropic.
    """
    values: list[Any] = []
    for event_name, data in events_in(stream):
        if data == "[DONE]":
            continue
        value = json.loads(data)
        values.append(value)
        assert event_name in ("", value.get("type"))
        if value.get("type") == "error" and name == "message event":
            assert_typed("anthropic error", value)
        elif value.keys() == {"error"}:
            assert_typed("openai error", value["error"])
        elif value != {"type": "ping"}:
            assert_typed(name, value)
    return values


def assert_frame_typed(interface: str, frame: str) -> Any:
    """Assert that a message of a websocket is one of its interface; returns it."""
    value = json.loads(frame)
    known = FRAMES[interface]
    assert value.get("type") in known, f"{interface}: unknown message {frame}"
    differences = list(typed_differences(sdk_type(known[value["type"]]), value))
    assert not differences, f"{interface}: {'; '.join(differences)}\n{frame}"
    return value


@cache
def sdk_type(path: str) -> Any:
    """The type with this dotted name, imported."""
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)


def typed_differences(type_: Any, value: object, at: str = "") -> Iterator[str]:
    """The differences of a JSON value from a type, each with the path of its field."""
    origin = get_origin(type_)
    if type_ is Any or type_ is object:
        return
    if origin is Annotated:
        yield from typed_differences(get_args(type_)[0], value, at)
    elif origin in (Union, UnionType):
        yield from _of_union(_members(type_), value, at)
    elif origin is Literal:
        if not any(value == known and type(value) is type(known) for known in get_args(type_)):
            yield f"{at or 'it'}: {value!r} is none of {get_args(type_)}"
    elif origin in (list, Sequence):
        yield from _of_list(get_args(type_)[0], value, at)
    elif origin is dict:
        yield from _of_mapping(get_args(type_)[1], value, at)
    elif isinstance(type_, type) and issubclass(type_, BaseModel):
        yield from _of_model(type_, value, at)
    else:
        yield from _of_scalar(type_, value, at)


def _of_scalar(type_: Any, value: object, at: str) -> Iterator[str]:
    if type_ is datetime:
        try:
            fits = isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
        except ValueError:
            fits = False
    elif type_ is float:
        fits = isinstance(value, int | float) and not isinstance(value, bool)
    elif type_ is int:
        fits = isinstance(value, int) and not isinstance(value, bool)
    elif type_ in (str, bool, NoneType):
        fits = isinstance(value, type_)
    elif type_ is dict:
        fits = isinstance(value, dict)
    else:
        raise TypeError(f"{at}: no rule for {type_!r}")
    if not fits:
        yield f"{at or 'it'}: {value!r} is not {type_.__name__}"


def _of_list(item_type: Any, value: object, at: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{at or 'it'}: {value!r} is not a list"
        return
    for number, item in enumerate(cast("list[object]", value)):
        yield from typed_differences(item_type, item, f"{at}[{number}]")


def _of_mapping(value_type: Any, value: object, at: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{at or 'it'}: {value!r} is not an object"
        return
    for name, inner in cast("dict[str, object]", value).items():
        yield from typed_differences(value_type, inner, f"{at}.{name}")


def _of_model(model: type[BaseModel], value: object, at: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{at or 'it'}: {value!r} is not an object ({model.__name__})"
        return
    entries = cast("dict[str, object]", value)
    fields = _fields(model)
    for name, (annotation, needed) in fields.items():
        if name in entries:
            yield from typed_differences(annotation, entries[name], f"{at}.{name}")
        elif needed:
            yield f"{at}.{name}: missing ({model.__name__})"
    for name in entries:
        if name not in fields:
            yield f"{at}.{name}: unknown"


@cache
def _fields(model: type[BaseModel]) -> dict[str, tuple[Any, bool]]:
    """The type of each field by its name in JSON, and whether it is needed.

    Some types give a default to the field that tells them apart; it is needed all the same.
    """
    model.model_rebuild()
    return {
        field.alias or name: (
            field.annotation,
            field.is_required() or get_origin(field.annotation) is Literal,
        )
        for name, field in model.model_fields.items()
    }


@cache
def _members(union: Any) -> tuple[Any, ...]:
    """The members of a union; without `Any`, by which an SDK says that more may come."""
    members = tuple(member for member in get_args(union) if member not in (Any, object))
    return members if set(members) - {NoneType} else (Any,)


def _of_union(members: Sequence[Any], value: object, at: str) -> Iterator[str]:
    """The differences from the closest member; those of another `type` are not tried."""
    kind = as_object(value).get("type")
    closest = [f"{at}.type: {kind!r} is of no member of the union"]
    for member in members:
        kinds = _kinds(member)
        if (kinds and kind not in kinds) or (member is NoneType and value is not None):
            continue
        differences = list(typed_differences(member, value, at))
        if not differences:
            return
        if len(closest) == 1 or len(differences) < len(closest):
            closest = differences
    yield from closest


@cache
def _kinds(member: Any) -> tuple[str, ...]:
    """The values of the field `type` of a model; empty where any value fits."""
    if get_origin(member) is Annotated:
        return _kinds(get_args(member)[0])
    if not (isinstance(member, type) and issubclass(member, BaseModel)):
        return ()
    annotation, _ = _fields(member).get("type", (None, False))
    return get_args(annotation) if get_origin(annotation) is Literal else ()

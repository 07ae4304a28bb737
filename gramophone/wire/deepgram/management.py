"""Deepgram's small services as JSON: models, projects, keys, and tokens of short life.

Fields are those of deepgram-sdk 7.17 (`types/*_v1response*.py`); names of models and voices are
from Deepgram's lists. There is one project, with one key.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import Any, Final
from uuid import NAMESPACE_DNS, NAMESPACE_URL, uuid5

from gramophone.wire.lenient_json import as_object, is_bounded, is_object

MODELS_PATH: Final = "/v1/models"
PROJECTS_PATH: Final = "/v1/projects"
GRANT_PATH: Final = "/v1/auth/grant"

PROJECT_ID: Final = str(uuid5(NAMESPACE_DNS, "gramophone"))
LISTEN_VERSION: Final = "2026-01-20.0"
SPEAK_VERSION: Final = "2025-04-07.0"
"""The version of all models of Speak v1; above it that of Listen."""

DEFAULT_TTL_S: Final = 30
LONGEST_TTL_S: Final = 3_600
"""Bounds of `ttl_seconds` (Deepgram: reference of `auth/grant`)."""

_KEY: Final = str(uuid5(NAMESPACE_URL, "gramophone/key"))
_MEMBER: Final = str(uuid5(NAMESPACE_URL, "gramophone/member"))
_CREATED: Final = "2026-01-01T00:00:00Z"
_SIGNED_WITH: Final = b"gramophone"

_STT: Final[tuple[tuple[str, str, tuple[str, ...]], ...]] = (
    ("nova-3", "general", ("en", "en-US", "de", "es", "fr", "it", "ja", "nl", "pt", "multi")),
    ("nova-3", "medical", ("en", "en-US")),
    ("nova-2", "general", ("en", "en-US", "de", "es", "fr", "it", "ja", "nl", "pt")),
    ("nova-2", "phonecall", ("en", "en-US")),
    ("base", "general", ("en", "en-US", "de", "es", "fr")),
)
_AURA: Final = "angus arcas asteria athena helios hera luna orion orpheus perseus stella zeus"
_AURA_2: Final[tuple[tuple[str, str], ...]] = (
    (
        "en",
        "amalthea andromeda apollo arcas aries asteria athena atlas aurora callista cora cordelia "
        "delia draco electra harmonia helena hera hermes hyperion iris janus juno jupiter luna "
        "mars minerva neptune odysseus ophelia orion orpheus pandora phoebe pluto saturn selene "
        "thalia theia vesta zeus",
    ),
    (
        "es",
        "agustina alvaro antonia aquila carina celeste diana estrella gloria javier luciano nestor "
        "olivia selena silvia sirio valerio",
    ),
    ("de", "aurelia elara fabian julius kara lara viktoria"),
    ("nl", "beatrix cornelia daphne hestia lars leda rhea roman sander"),
    ("fr", "agathe hector"),
    ("it", "cesare cinzia demetra dionisio elio flavio livia maia melia"),
    ("ja", "ama ebisu fujin izanami uzume"),
)


# --- models -----------------------------------------------------------------------------------


def model_list() -> dict[str, Any]:
    """The body of the list of models."""
    return {"stt": list(_listening_models()), "tts": list(_speaking_models())}


def model(name: str) -> dict[str, Any] | None:
    """The body of one model, by its UUID or its canonical name; None where there is none."""
    for entry in (*_listening_models(), *_speaking_models()):
        if name in (entry["uuid"], entry["canonical_name"]):
            return entry
    return None


def _listening_models() -> Iterator[dict[str, Any]]:
    for architecture, name, languages in _STT:
        yield {
            **_model(name, f"{architecture}-{name}", architecture, languages, LISTEN_VERSION),
            "batch": True,
            "streaming": True,
            "formatted_output": True,
        }


def _speaking_models() -> Iterator[dict[str, Any]]:
    for name in _AURA.split():
        yield _voice(name, f"aura-{name}-en", "aura", "en")
    for language, names in _AURA_2:
        for name in names.split():
            yield _voice(name, f"aura-2-{name}-{language}", "aura-2", language)


def _voice(name: str, canonical_name: str, architecture: str, language: str) -> dict[str, Any]:
    return {
        **_model(name, canonical_name, architecture, (language,), SPEAK_VERSION),
        "metadata": {"tags": [], "use_cases": []},
    }


def _model(
    name: str, canonical_name: str, architecture: str, languages: tuple[str, ...], version: str
) -> dict[str, Any]:
    return {
        "name": name,
        "canonical_name": canonical_name,
        "architecture": architecture,
        "languages": list(languages),
        "version": version,
        # As in the header `dg-model-uuid` of an answer by this model.
        "uuid": str(uuid5(NAMESPACE_URL, canonical_name)),
    }


# --- projects ---------------------------------------------------------------------------------


def project_list() -> dict[str, Any]:
    """The body of the list of projects."""
    return {"projects": [{"project_id": PROJECT_ID, "name": "Gramophone"}]}


def project_part(path: str) -> dict[str, Any] | None:
    """The body at a path below that of the projects, as `ID/keys`; None where there is none."""
    project, _, rest = path.partition("/")
    if project != PROJECT_ID:
        return None
    part, _, name = rest.partition("/")
    match part, name:
        case "", "":
            return {"project_id": PROJECT_ID, "name": "Gramophone", "mip_opt_out": False}
        case "models", "":
            return model_list()
        case "models", _:
            return model(name)
        case "keys", "":
            return {"api_keys": [_key()]}
        case "keys", _ if name == _KEY:
            return {"item": _key_item()}
        case _:
            return None


def _key() -> dict[str, Any]:
    member = {"member_id": _MEMBER, "email": "gramophone@localhost"}
    return {"member": member, "api_key": _api_key()}


def _key_item() -> dict[str, Any]:
    member = {
        "member_id": _MEMBER,
        "email": "gramophone@localhost",
        "first_name": "Gramophone",
        "last_name": "Gramophone",
        "api_key": _api_key(),
    }
    return {"member": member}


def _api_key() -> dict[str, Any]:
    return {
        "api_key_id": _KEY,
        "comment": "The key of the stand-in",
        "scopes": ["member"],
        "created": _CREATED,
    }


# --- tokens -----------------------------------------------------------------------------------


def ttl_of(body: bytes) -> float | None:
    """The seconds that a token is to live; None if the body is not a request for one."""
    if not body:
        return DEFAULT_TTL_S
    try:
        value: object = json.loads(body) if is_bounded(body) else None
    except (ValueError, RecursionError):
        return None
    if not is_object(value):
        return None
    ttl_s = as_object(value).get("ttl_seconds", DEFAULT_TTL_S)
    if isinstance(ttl_s, bool) or not isinstance(ttl_s, int | float):
        return None
    return ttl_s if 1 <= ttl_s <= LONGEST_TTL_S else None


def access_token(number: int, expires_s: int) -> str:
    """A JSON Web Token (RFC 7519), the one of this number; `expires_s` is Unix time."""
    claims = {
        "sub": _MEMBER,
        "exp": expires_s,
        "jti": str(uuid5(NAMESPACE_URL, f"gramophone/token/{number}")),
        "scopes": ["asr:write"],
        "project": PROJECT_ID,
    }
    signed = f"{_part({'typ': 'JWT', 'alg': 'HS256'})}.{_part(claims)}"
    signature = hmac.new(_SIGNED_WITH, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{_base64(signature)}"


def _part(fields: dict[str, Any]) -> str:
    return _base64(json.dumps(fields, separators=(",", ":")).encode())


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()

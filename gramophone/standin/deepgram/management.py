"""Deepgram's small services: lists of models and projects, and tokens of short life."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeAlias
from urllib.parse import unquote
from uuid import uuid4

from gramophone.core.clock import Clock
from gramophone.standin.deepgram.handshake import may_enter, socket_headers
from gramophone.standin.options import StandinOptions
from gramophone.standin.server.credentials import bearer_in
from gramophone.standin.server.granted_tokens import GrantedTokens
from gramophone.standin.server.http import Reply, Request, answer_whole
from gramophone.standin.server.refusal import (
    INVALID_AUTH,
    HttpRefusal,
    refusal_by_fault,
    refuse,
)
from gramophone.standin.server.routes import Routes
from gramophone.wire.deepgram.management import (
    GRANT_PATH,
    LONGEST_TTL_S,
    MODELS_PATH,
    PROJECTS_PATH,
    model,
    model_list,
    project_list,
    project_part,
    ttl_of,
)

_JSON: Final = ("content-type", "application/json")
_FORBIDDEN: Final = HttpRefusal(403, "FORBIDDEN", "Insufficient permissions.")
_NO_PROJECT: Final = HttpRefusal(404, "PROJECT_NOT_FOUND", "Project not found.")
_NO_MODEL: Final = HttpRefusal(404, "MODEL_NOT_FOUND", "Model not found.")
_BAD_TTL: Final = HttpRefusal(
    400, "Bad Request", f"Bad Request: ttl_seconds must be a number from 1 to {LONGEST_TTL_S}."
)

_Answer: TypeAlias = dict[str, Any] | HttpRefusal


def management_routes(options: StandinOptions, clock: Clock) -> Routes:
    """The small services; tokens are those of `options`, or of nobody else."""
    return DeepgramManagement(options, options.tokens or GrantedTokens(clock)).routes()


class DeepgramManagement:
    """Handlers for the one project of the stand-in."""

    def __init__(self, options: StandinOptions, tokens: GrantedTokens) -> None:
        self._options = options
        self._tokens = tokens
        self._requests: Counter[str] = Counter()

    def routes(self) -> Routes:
        """The handlers by method and path."""
        answers: dict[tuple[str, str], Callable[[Request], _Answer]] = {
            ("GET", MODELS_PATH): lambda request: model_list(),
            ("GET", f"{MODELS_PATH}/"): _model,
            ("GET", PROJECTS_PATH): lambda request: project_list(),
            ("GET", f"{PROJECTS_PATH}/"): _project_part,
            ("POST", GRANT_PATH): self._grant,
        }
        return Routes(
            handlers={key: partial(self._handle, key[1], answer) for key, answer in answers.items()}
        )

    async def _handle(
        self, path: str, answer_to: Callable[[Request], _Answer], request: Request, reply: Reply
    ) -> None:
        request_id = str(uuid4())
        ordinal, self._requests[path] = self._requests[path], self._requests[path] + 1
        refusal = refusal_by_fault(self._options.faults, ordinal, request.path)
        answer = refusal or self._forbidden(request) or answer_to(request)
        if isinstance(answer, HttpRefusal):
            await refuse(reply, answer, request_id)
            return
        headers = [_JSON, *socket_headers(request_id)]
        await answer_whole(reply, 200, headers, json.dumps(answer).encode())

    def _forbidden(self, request: Request) -> HttpRefusal | None:
        """The refusal of a request without the key; tokens are for speech alone."""
        authorization = request.header("authorization")
        if self._tokens.has_granted(bearer_in(authorization)):
            return _FORBIDDEN
        if not may_enter(authorization, (), self._options):
            return INVALID_AUTH
        is_token = self._options.api_key is not None and bool(bearer_in(authorization))
        return _FORBIDDEN if is_token else None

    def _grant(self, request: Request) -> _Answer:
        ttl_s = ttl_of(request.body)
        if ttl_s is None:
            return _BAD_TTL
        return {"access_token": self._tokens.grant(ttl_s), "expires_in": ttl_s}


def _model(request: Request) -> _Answer:
    name = request.path.removeprefix(f"{MODELS_PATH}/")
    return model(unquote(name)) or _NO_MODEL


def _project_part(request: Request) -> _Answer:
    path = request.path.removeprefix(f"{PROJECTS_PATH}/")
    return project_part(unquote(path)) or (_NO_MODEL if "/models/" in path else _NO_PROJECT)

"""Admission of Deepgram's clients: credentials, parameters, and the headers of an answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import NAMESPACE_URL, uuid4, uuid5

from gramophone.standin.options import StandinOptions
from gramophone.standin.server.cors import DEEPGRAM_HEADERS
from gramophone.standin.server.refusal import INVALID_AUTH, HttpRefusal, refusal_by_fault
from gramophone.standin.server.routes import HandshakeRequest
from gramophone.wire.deepgram.listen_v1.messages import ListenIdentity, ListenParameters
from gramophone.wire.deepgram.management import LISTEN_VERSION, PROJECT_ID, SPEAK_VERSION
from gramophone.wire.deepgram.speak_v1.messages import Metadata, ParameterRefused

SPEAK_PATH = "/v1/speak"


ParametersT = TypeVar("ParametersT")


def admit_connection(
    handshake: HandshakeRequest,
    ordinal: int,
    options: StandinOptions,
    parse: Callable[[str], ParametersT],
) -> ParametersT | HttpRefusal:
    """Check the handshake of the connection of this ordinal, which a fault may refuse.

    `parse` reads the query, or raises `ParameterRefused`.
    """
    refusal = refusal_by_fault(options.faults, ordinal, handshake.path)
    return refusal or admit(
        handshake.query,
        handshake.header("authorization"),
        handshake.subprotocols,
        options,
        parse,
    )


def admit(
    query: str,
    authorization: str,
    subprotocols: Sequence[str],
    options: StandinOptions,
    parse: Callable[[str], ParametersT],
) -> ParametersT | HttpRefusal:
    """Check a handshake; gives the parameters of the connection, or a refusal.

    Args:
        query: of the address, without the question mark.
        authorization: the header, or empty.
        subprotocols: the words of `Sec-WebSocket-Protocol`, in order.
        options: with the key that is accepted, and the tokens that were granted.
        parse: reads the query, or raises `ParameterRefused`.
    """
    if not may_enter(authorization, subprotocols, options):
        return INVALID_AUTH
    try:
        return parse(query)
    except ParameterRefused as refused:
        plain = bad_request(str(refused))
        return plain if refused.code == plain.code else HttpRefusal(400, refused.code, str(refused))


def socket_headers(request_id: str) -> tuple[tuple[str, str], ...]:
    """The headers of a handshake that succeeded; they do not name the model (livekit#3912)."""
    return (("dg-request-id", request_id), ("dg-project-id", PROJECT_ID), *DEEPGRAM_HEADERS)


def identity_headers(
    request_id: str, model_name: str, model_uuid: str
) -> tuple[tuple[str, str], ...]:
    """The headers of an answer over HTTP, which name the request, the project and the model."""
    return (
        ("dg-model-name", model_name),
        ("dg-model-uuid", model_uuid),
        *socket_headers(request_id),
    )


def metadata_of(model: str) -> Metadata:
    """The Metadata of a new request to this model."""
    return Metadata(str(uuid4()), model, SPEAK_VERSION, str(uuid5(NAMESPACE_URL, model)))


def listen_identity(parameters: ListenParameters, now: datetime) -> ListenIdentity:
    """The fields that all messages to one client have in common, dated `now`."""
    return ListenIdentity(
        request_id=str(uuid4()),
        model=parameters.model,
        model_uuid=str(uuid5(NAMESPACE_URL, parameters.model)),
        version=LISTEN_VERSION,
        created=now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        channels=parameters.channels,
        punctuate=parameters.punctuate,
    )


def bad_request(why: str) -> HttpRefusal:
    """The refusal of parameters, in Deepgram's form."""
    return HttpRefusal(400, "Bad Request", f"Bad Request: {why}")


def may_enter(authorization: str, subprotocols: Sequence[str], options: StandinOptions) -> bool:
    """Whether one of Deepgram's three forms of authentication names the key of `options`, or a
    token whose time is not over."""
    scheme, _, credential = authorization.strip().partition(" ")
    if not scheme and len(subprotocols) >= 2:
        scheme, credential = subprotocols[:2]
    credential = credential.strip()
    if options.tokens is not None and options.tokens.is_over(credential):
        return False
    api_key = options.api_key
    if api_key is None:
        return True
    match scheme.lower():
        case "token":
            return credential == api_key
        case "bearer":
            # Bearer is for short-lived tokens (`/v1/auth/grant`), which are JWTs: three parts with
            # dots. The service answers a key that is sent as one with 401.
            return credential.count(".") == 2
        case _:
            return False

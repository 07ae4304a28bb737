"""Responses that the stand-in keeps, as OpenAI does: to go on from, to fetch, list and delete.

Shapes: openai 3.52 (`resources/responses`). Begin with `StoredResponses`.
"""

# A response follows from its request, its answer and its ordinal, so these are kept, and rendered
# when a client fetches it. The oldest goes first where there are too many, and is then as unknown
# as one that never was.

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace
from sys import maxsize
from typing import Any, Final
from urllib.parse import parse_qs, unquote

from gramophone.core.frozen import frozen
from gramophone.standin.llm.media_body import MediaBody, json_body
from gramophone.standin.server.http import Request
from gramophone.wire.lenient_json import as_count, as_list, as_object, read_object
from gramophone.wire.llm.answer import ModelAnswer
from gramophone.wire.llm.answer_blocks import plain_pieces
from gramophone.wire.llm.errors import ModelRefusal, RequestRefused, body
from gramophone.wire.llm.openai_responses import (
    ResponsesRequest,
    call_ids,
    final_response,
    parse_responses,
    response_events,
    sent_id,
)
from gramophone.wire.llm.refusals.openai_rules import invalid, shown
from gramophone.wire.llm.responses_items import listed_items, unanswered_calls
from gramophone.wire.llm.token_usage import answer_chars
from gramophone.wire.sse import SseReader

RESPONSES_PATH: Final = "/v1/responses"
MOST_RESPONSES: Final = 1_000
MOST_BYTES: Final = 64 * 2**20
_PIECE_BYTES: Final = 200
"""Counted for each piece of an answer."""
_LONGEST_CHAIN: Final = 100
_MOST_ITEMS: Final = 100
_USUAL_ITEMS: Final = 20


@frozen
class StoredResponse:
    """A response: its request as it came, what was read of that, its answer and its ordinal.

    `created_s` is its time of creation, in seconds since 1970.
    """

    payload: bytes
    previous_response_id: str
    prompt: str
    step: int
    prompt_chars: int
    calls: int
    created_s: int
    answer: ModelAnswer
    ordinal: int

    @property
    def size_bytes(self) -> int:
        """The memory that it is counted for."""
        return len(self.payload) + _PIECE_BYTES * len(self.answer.pieces)

    @property
    def call_ids(self) -> list[str]:
        """The ids of the calls to functions in it."""
        return call_ids(self.answer, self.calls, self.ordinal)

    @property
    def request(self) -> ResponsesRequest:
        """The request, read again: as values it would take up many times its size."""
        return replace(
            parse_responses(self.payload, created_s=self.created_s),
            prompt=self.prompt,
            step=self.step,
            prompt_chars=self.prompt_chars,
            calls=self.calls,
        )

    def continued(self, request: ResponsesRequest) -> ResponsesRequest:
        """The request that goes on from this response, with all that was before it counted.

        A request that brings results of tools alone asks the same question, one step further.
        """
        pieces = plain_pieces(self.answer)
        further = {} if request.prompt else {"prompt": self.prompt, "step": self.step + 1}
        return replace(
            request,
            prompt_chars=request.prompt_chars + self.prompt_chars + answer_chars(pieces),
            calls=request.calls + self.calls + len(self.call_ids),
            **further,
        )


class StoredResponses:
    """The responses of a stand-in by their ids, at most `MOST_RESPONSES` in `MOST_BYTES`."""

    def __init__(self, most: int = MOST_RESPONSES, most_bytes: int = MOST_BYTES) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._responses: OrderedDict[str, StoredResponse] = OrderedDict()
        self._size_bytes = 0

    def add(
        self, payload: bytes, request: ResponsesRequest, answer: ModelAnswer, ordinal: int
    ) -> None:
        """Keep a response to the request that was read from `payload`, if it is to be stored."""
        if request.echo["store"] is not False:
            self._keep(payload, request, answer, ordinal)

    def _keep(
        self, payload: bytes, request: ResponsesRequest, answer: ModelAnswer, ordinal: int
    ) -> None:
        response = StoredResponse(
            payload,
            request.previous_response_id,
            request.prompt,
            request.step,
            request.prompt_chars,
            request.calls,
            request.created_s,
            answer,
            ordinal,
        )
        id_ = sent_id(answer, ordinal)
        self._remove(id_)
        self._responses[id_] = response
        self._size_bytes += response.size_bytes
        while len(self._responses) > self._most or self._size_bytes > self._most_bytes:
            self._remove(next(iter(self._responses)))

    def _remove(self, id_: str) -> None:
        if (response := self._responses.pop(id_, None)) is not None:
            self._size_bytes -= response.size_bytes

    def previous(self, request: ResponsesRequest, *, strict: bool) -> StoredResponse | None:
        """The response that a request goes on from; None if it names none, or an unknown one.

        Raises:
            RequestRefused: when `strict`, the response is unknown, or the input does not fit it.
        """
        id_ = request.previous_response_id
        response = self.find(id_)
        if not strict or not id_:
            return response
        if response is None:
            raise RequestRefused(_unknown_previous(id_))
        earlier = (id_ for link in self._chain(response) for id_ in link.call_ids)
        items = [as_object(item) for item in as_list(request.input)]
        refusal = unanswered_calls(items, response.call_ids, earlier)
        if refusal is not None:
            raise RequestRefused(refusal)
        return response

    def _chain(self, response: StoredResponse | None) -> Iterator[StoredResponse]:
        """A response and those it goes on from, as far as they are known."""
        for _ in range(_LONGEST_CHAIN):
            if response is None:
                return
            yield response
            response = self.find(response.previous_response_id)

    def find(self, id_: str) -> StoredResponse | None:
        """The response with this id, if it is kept."""
        return self._responses.get(id_)

    # --- requests ---------------------------------------------------------------------------

    def fetch(self, request: Request) -> MediaBody:
        """Answer `GET /v1/responses/ID` and `…/input_items`.

        Raises:
            RequestRefused: the response is not stored, or a parameter is not valid.
        """
        id_, _, rest = _below(request).partition("/")
        query = parse_qs(request.query)
        if rest == "input_items":
            return json_body(_item_list(self._known(id_), query))
        if rest:
            raise RequestRefused(_no_such_url(request))
        response = self._known(id_)
        if query.get("stream", [""])[-1] == "true":
            after = query.get("starting_after", ["-1"])[-1]
            return MediaBody("text/event-stream; charset=utf-8", _events(response, after))
        return json_body(_whole(response))

    def delete(self, request: Request) -> MediaBody:
        """Answer `DELETE /v1/responses/ID`.

        Raises:
            RequestRefused: the response is not stored.
        """
        id_ = _below(request)
        self._known(id_)
        self._remove(id_)
        return json_body(body({"id": id_, "object": "response", "deleted": True}))

    def cancel(self, request: Request) -> MediaBody:
        """Answer `POST /v1/responses/ID/cancel`: a background response here is always complete.

        Raises:
            RequestRefused: the response is not stored, or was not made in the background.
        """
        id_, _, rest = _below(request).partition("/")
        if rest != "cancel":
            raise RequestRefused(_no_such_url(request))
        response = self._known(id_)
        if response.request.echo["background"] is not True:
            raise RequestRefused(invalid("Cannot cancel a synchronous response.", None))
        return json_body(_whole(response))

    def _known(self, id_: str) -> StoredResponse:
        response = self._responses.get(id_)
        if response is None:
            message = f"Response with id '{shown(id_)}' not found."
            raise RequestRefused(ModelRefusal(404, message, "invalid_request_error"))
        return response


class ConnectionResponses(StoredResponses):
    """The responses of one websocket: its last one can be gone on from there, stored or not.

    Source: developers.openai.com, guide "WebSocket Mode".
    """

    def __init__(self, stored: StoredResponses) -> None:
        super().__init__(most=1)
        self._stored = stored

    def add(
        self, payload: bytes, request: ResponsesRequest, answer: ModelAnswer, ordinal: int
    ) -> None:
        self._stored.add(payload, request, answer, ordinal)
        self._keep(payload, request, answer, ordinal)

    def find(self, id_: str) -> StoredResponse | None:
        return super().find(id_) or self._stored.find(id_)


def _below(request: Request) -> str:
    return unquote(request.path[len(RESPONSES_PATH) + 1 :], errors="replace")


def _no_such_url(request: Request) -> ModelRefusal:
    message = f"Invalid URL ({request.method} {request.path})"
    return ModelRefusal(404, message, "invalid_request_error")


def _unknown_previous(id_: str) -> ModelRefusal:
    message = f"Previous response with id '{shown(id_)}' not found."
    return invalid(message, "previous_response_id", "previous_response_not_found")


def _whole(response: StoredResponse) -> bytes:
    return body(final_response(response.answer, response.request, response.ordinal))


def _events(response: StoredResponse, after: str) -> bytes:
    """The events of a response at once, those behind the one with the number `after`."""
    try:
        first = int(after) + 1
    except ValueError:
        message = "Invalid 'starting_after': expected an integer."
        raise RequestRefused(invalid(message, "starting_after", "invalid_type")) from None
    events = response_events(response.answer, response.request, response.ordinal)
    return b"".join(event for _, event in events if _number(event) >= first)


def _number(event: bytes) -> int:
    (data,) = SseReader(maxsize).feed(event)
    return as_count(read_object(data).get("sequence_number"))


def _item_list(response: StoredResponse, query: dict[str, list[str]]) -> bytes:
    """A page of the input, the newest item first unless `order` is `asc`."""
    limit = query.get("limit", [str(_USUAL_ITEMS)])[-1]
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit) <= _MOST_ITEMS):
        message = f"Invalid 'limit': expected an integer from 1 to {_MOST_ITEMS}."
        raise RequestRefused(invalid(message, "limit", "invalid_value"))
    items = listed_items(response.request.input, response.ordinal)
    if query.get("order", ["desc"])[-1] != "asc":
        items.reverse()
    after = query.get("after", [""])[-1]
    begin = next((n for n, item in enumerate(items, 1) if item["id"] == after), 0)
    page: list[dict[str, Any]] = items[begin : begin + int(limit)]
    ids = [page[0]["id"], page[-1]["id"]] if page else ["", ""]
    more = len(items) > begin + len(page)
    return body(
        {"object": "list", "data": page, "first_id": ids[0], "last_id": ids[1], "has_more": more}
    )

"""Admission of requests at one path of OpenAI: their count, their key, their refusals."""

from __future__ import annotations

import logging
from dataclasses import replace
from itertools import count

from gramophone.core.clock import Clock
from gramophone.core.frozen import frozen
from gramophone.standin.delivery.faulty_events import FaultyEvents
from gramophone.standin.faults import FaultName, on_connection, refusal_at
from gramophone.standin.llm.dialects import JSON, ChatDialect
from gramophone.standin.llm.endpoints import limits_of_refused
from gramophone.standin.llm.rate_limits import Headers
from gramophone.standin.options import StandinOptions
from gramophone.standin.server.http import Reply, Request, answer_whole
from gramophone.wire.llm.deterministic_ids import made_id
from gramophone.wire.llm.errors import ModelRefusal, RequestRefused, detailed

_log = logging.getLogger(__name__)


@frozen
class Numbered:
    """A request with its ordinal among those of its path, its id, and when it came."""

    request: Request
    ordinal: int
    request_id: str
    came_us: int

    @property
    def name(self) -> str:
        """The name in the log."""
        return f"{self.request.path} {self.ordinal}"


class OpenAIRequests:
    """The requests of one path; `part` keeps their ids apart from those of other paths."""

    def __init__(self, options: StandinOptions, clock: Clock, part: int) -> None:
        self._options = options
        self._clock = clock
        self._part = part
        self._ordinals = count()
        # Keys, headers and errors are the same in all of OpenAI's endpoints.
        self._dialect = ChatDialect()

    def number(self, request: Request) -> Numbered:
        """Count a request."""
        ordinal = next(self._ordinals)
        request_id = made_id("req_", ordinal, self._part)
        return Numbered(request, ordinal, request_id, self._clock.now_us())

    def admit(self, numbered: Numbered) -> None:
        """Check that a request may be answered.

        Raises:
            RequestRefused: by a fault, or because of its key.
        """
        faults = self._options.faults
        fault = refusal_at(faults, numbered.ordinal, numbered.request.path)
        if fault is not None:
            usual = self._dialect.refusal(fault.value)
            raise RequestRefused(detailed(usual, fault.text, fault.details))
        key = self._options.api_key
        if key is not None and key not in self._dialect.keys(numbered.request):
            raise RequestRefused(self._dialect.refusal(401))

    def check_load(self, numbered: Numbered) -> None:
        """Check that no overload is to be played; in an answer of events, `with_faults` plays it.

        Raises:
            RequestRefused: by a fault.
        """
        faults = on_connection(self._options.faults, numbered.ordinal)
        if any(fault.name is FaultName.OVERLOADED for fault in faults):
            raise RequestRefused(self._overload())

    def with_faults(self, numbered: Numbered, reply: Reply) -> Reply:
        """A reply of events with the faults that end a stream of them."""
        faults = on_connection(self._options.faults, numbered.ordinal)
        error = self._dialect.error_event(self._overload(), numbered.request_id, b"")
        return FaultyEvents(reply, faults, error, self._clock)

    def _overload(self) -> ModelRefusal:
        return self._dialect.refusal(self._dialect.overloaded_status)

    def not_recorded(self, sentence: str) -> ModelRefusal:
        """The refusal of what a strict source does not have."""
        return replace(self._dialect.refusal(404), message=sentence, code="not_recorded")

    def head(self, numbered: Numbered, content_type: str) -> Headers:
        """The headers of an answer that begins now."""
        limits = self._dialect.rate_limits.used(0, 0, numbered.came_us)
        return [("content-type", content_type), *self._headers(numbered), *limits]

    def _headers(self, numbered: Numbered) -> Headers:
        waited_us = self._clock.now_us() - numbered.came_us
        return self._dialect.headers(numbered.request_id, waited_us)

    async def refuse(self, numbered: Numbered, refusal: ModelRefusal, reply: Reply) -> None:
        """Answer with a refusal."""
        _log.info("%s: %d, %s", numbered.name, refusal.status, refusal.message)
        limits = limits_of_refused(self._dialect, refusal.status, numbered.came_us)
        usual = [JSON, *self._headers(numbered), *limits, *refusal.headers]
        details = refusal.details
        body = details.body_over(self._dialect.error(refusal, numbered.request_id))
        await answer_whole(reply, refusal.status, details.headers_over(usual), body)

"""Rate limits of an account, as the headers of OpenAI's and Anthropic's answers show them.

They count what clients use and refill, but refuse nobody: refusals come from faults and scenarios.
"""

# Both services fill a bucket evenly over a minute (OpenAI's cookbook, "How to handle rate limits";
# Anthropic's page "Rate limits": a token bucket). Recorded answers agree: one request of 5,000 a
# minute has the reset `12ms`, 24 tokens of 160,000 have `9ms`. The limits below stood in recorded
# answers, too: of OpenAI in October 2024, of Anthropic in August 2025.

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias

from gramophone.core.clock import wall_clock
from gramophone.wire.llm.answer import ModelAnswer
from gramophone.wire.llm.errors import OPENAI_REQUESTS
from gramophone.wire.llm.token_usage import guessed_tokens

Headers: TypeAlias = list[tuple[str, str]]

_MINUTE_US = 60_000_000
_SECOND_US = 1_000_000


class Bucket:
    """An amount a minute that is used up, and refills evenly."""

    def __init__(self, limit: int) -> None:
        """`limit` is the amount of a full bucket, above 0."""
        self.limit = limit
        self._full_at_us = 0

    def use(self, amount: int, now_us: int) -> None:
        """Take an amount out, or as much as there is."""
        full_at_us = max(self._full_at_us, now_us) + amount * _MINUTE_US // self.limit
        self._full_at_us = min(full_at_us, now_us + _MINUTE_US)

    def remaining(self, now_us: int) -> int:
        """The amount left."""
        return self.limit * (_MINUTE_US - self.full_in_us(now_us)) // _MINUTE_US

    def full_in_us(self, now_us: int) -> int:
        """Microseconds until it is full again, at most a minute."""
        return max(0, self._full_at_us - now_us)


class RateLimits(Protocol):
    """The limits of an account; each method gives the headers that show them afterwards."""

    def used(self, input_tokens: int, output_tokens: int, now_us: int) -> Headers:
        """Count a request of so many tokens."""
        ...

    def exhausted(self, now_us: int) -> Headers:
        """Use up all requests, as others of the account may have done."""
        ...


class OpenAILimits:
    """Requests and tokens a minute, with the time until each is full again."""

    def __init__(self, requests: int = OPENAI_REQUESTS, tokens: int = 800_000) -> None:
        self._buckets = {"requests": Bucket(requests), "tokens": Bucket(tokens)}

    def used(self, input_tokens: int, output_tokens: int, now_us: int) -> Headers:
        self._buckets["requests"].use(1, now_us)
        self._buckets["tokens"].use(input_tokens + output_tokens, now_us)
        return self._headers(now_us)

    def exhausted(self, now_us: int) -> Headers:
        requests = self._buckets["requests"]
        requests.use(requests.limit, now_us)
        return self._headers(now_us)

    def _headers(self, now_us: int) -> Headers:
        buckets = self._buckets.items()
        return [
            *((f"x-ratelimit-limit-{name}", str(bucket.limit)) for name, bucket in buckets),
            *(
                (f"x-ratelimit-remaining-{name}", str(bucket.remaining(now_us)))
                for name, bucket in buckets
            ),
            *(
                (f"x-ratelimit-reset-{name}", go_duration(bucket.full_in_us(now_us)))
                for name, bucket in buckets
            ),
        ]


class AnthropicLimits:
    """Requests, input and output tokens a minute, with the date when each is full again."""

    def __init__(
        self,
        requests: int = 1_000,
        input_tokens: int = 80_000,
        output_tokens: int = 16_000,
        wall: Callable[[], datetime] = wall_clock,
    ) -> None:
        """`wall` gives the date and time in UTC."""
        self._requests = Bucket(requests)
        self._input = Bucket(input_tokens)
        self._output = Bucket(output_tokens)
        self._wall = wall

    def used(self, input_tokens: int, output_tokens: int, now_us: int) -> Headers:
        self._requests.use(1, now_us)
        self._input.use(input_tokens, now_us)
        self._output.use(output_tokens, now_us)
        return self._headers(now_us)

    def exhausted(self, now_us: int) -> Headers:
        self._requests.use(self._requests.limit, now_us)
        return self._headers(now_us)

    def _headers(self, now_us: int) -> Headers:
        headers: Headers = []
        wall = self._wall()
        for name, buckets in (
            ("input-tokens", (self._input,)),
            ("output-tokens", (self._output,)),
            ("requests", (self._requests,)),
            ("tokens", (self._input, self._output)),
        ):
            remaining = sum(bucket.remaining(now_us) for bucket in buckets)
            # The page "Rate limits": tokens are rounded to the nearest thousand.
            shown = remaining if name == "requests" else (remaining + 500) // 1000 * 1000
            full_in_us = max(bucket.full_in_us(now_us) for bucket in buckets)
            prefix = f"anthropic-ratelimit-{name}"
            headers += [
                (f"{prefix}-limit", str(sum(bucket.limit for bucket in buckets))),
                (f"{prefix}-remaining", str(shown)),
                (f"{prefix}-reset", _date(wall + timedelta(microseconds=full_in_us))),
            ]
        return headers


def tokens_of(answer: ModelAnswer, prompt_chars: int) -> tuple[int, int]:
    """The input and output tokens that an answer uses up.

    Where they were not counted the output is guessed by the pieces, which models send token by
    token: to read recorded chunks for their texts would cost as much as the whole answer.
    """
    return (
        answer.input_tokens or guessed_tokens(prompt_chars),
        answer.output_tokens or len(answer.pieces),
    )


def go_duration(duration_us: int) -> str:
    """A duration as Go writes it, to the next whole millisecond: `0s`, `12ms`, `8.64s`, `1m0s`."""
    ms = (duration_us + 999) // 1000
    if 0 < ms < 1000:
        return f"{ms}ms"
    minutes, ms = divmod(ms, 60_000)
    seconds = f"{ms // 1000}.{ms % 1000:03}".rstrip("0").rstrip(".")
    return f"{minutes}m{seconds}s" if minutes else f"{seconds}s"


def _date(instant: datetime) -> str:
    """An instant as RFC 3339 has it, to the next whole second."""
    whole = instant + timedelta(microseconds=-instant.microsecond % _SECOND_US)
    return f"{whole:%Y-%m-%dT%H:%M:%SZ}"

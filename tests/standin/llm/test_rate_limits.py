"""Rate limits count down, refill with time, and are written as each service writes them."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gramophone.core.clock import ManualClock
from gramophone.core.tasks import spawn
from gramophone.standin.llm.rate_limits import (
    AnthropicLimits,
    Bucket,
    OpenAILimits,
    go_duration,
    tokens_of,
)
from gramophone.standin.server.routes import Address
from gramophone.wire.llm.answer import ModelAnswer, RawPiece, TextPiece
from tests.support.clocks import WatchedClock
from tests.support.deadlines import HANG_S
from tests.support.model_requests import CHAT, MESSAGES, RESPONSES, VERSION, asking
from tests.support.model_standin import standing_in
from tests.support.plain_http import NO_TLS

MINUTE_US = 60_000_000


def test_a_bucket_is_used_up_and_refills_within_a_minute() -> None:
    bucket = Bucket(5_000)
    assert (bucket.remaining(0), bucket.full_in_us(0)) == (5_000, 0)
    bucket.use(1, 0)
    assert (bucket.remaining(0), bucket.full_in_us(0)) == (4_999, 12_000)
    assert (bucket.remaining(12_000), bucket.full_in_us(12_000)) == (5_000, 0)
    bucket.use(9_999, 12_000)
    assert (bucket.remaining(12_000), bucket.full_in_us(12_000)) == (0, MINUTE_US)
    assert bucket.remaining(12_000 + MINUTE_US // 2) == 2_500


@given(
    st.integers(1, 10**9),
    st.lists(st.tuples(st.integers(0, 10**10), st.integers(0, MINUTE_US)), max_size=8),
)
def test_whatever_is_used_there_is_between_nothing_and_all(
    limit: int, uses: list[tuple[int, int]]
) -> None:
    bucket, now_us = Bucket(limit), 0
    for amount, step_us in uses:
        now_us += step_us
        before = bucket.remaining(now_us)
        bucket.use(amount, now_us)
        assert max(0, before - amount - 1) <= bucket.remaining(now_us) <= before
    assert bucket.remaining(now_us + MINUTE_US) == limit


def test_openai_as_recorded() -> None:
    assert OpenAILimits(10_000, 160_000).used(20, 4, 0) == [
        ("x-ratelimit-limit-requests", "10000"),
        ("x-ratelimit-limit-tokens", "160000"),
        ("x-ratelimit-remaining-requests", "9999"),
        ("x-ratelimit-remaining-tokens", "159976"),
        ("x-ratelimit-reset-requests", "6ms"),
        ("x-ratelimit-reset-tokens", "9ms"),
    ]


def test_anthropic_as_documented() -> None:
    limits = AnthropicLimits(wall=lambda: datetime(2026, 11, 30, 18, 30, 59, 500_000, UTC))
    limits.used(3_600, 700, 0)
    headers = {
        name.removeprefix("anthropic-ratelimit-"): value for name, value in limits.used(0, 0, 0)
    }
    assert headers == {
        "requests-limit": "1000",
        "requests-remaining": "998",
        "requests-reset": "2026-11-30T18:31:00Z",
        "input-tokens-limit": "80000",
        "input-tokens-remaining": "76000",
        "input-tokens-reset": "2026-11-30T18:31:03Z",
        "output-tokens-limit": "16000",
        "output-tokens-remaining": "15000",
        "output-tokens-reset": "2026-11-30T18:31:03Z",
        "tokens-limit": "96000",
        "tokens-remaining": "92000",
        "tokens-reset": "2026-11-30T18:31:03Z",
    }


@pytest.mark.parametrize(
    ("duration_us", "text"),
    [
        (0, "0s"),
        (1, "1ms"),
        (999_000, "999ms"),
        (999_001, "1s"),
        (8_640_000, "8.64s"),
        (10_000_000, "10s"),
        (60_000_000, "1m0s"),
        (60_050_000, "1m0.05s"),
    ],
)
def test_durations_as_go_writes_them(duration_us: int, text: str) -> None:
    assert go_duration(duration_us) == text


def test_tokens_that_were_not_counted_are_guessed() -> None:
    assert tokens_of(ModelAnswer(None, (), input_tokens=3, output_tokens=2), 400) == (3, 2)
    pieces = (TextPiece("Hel"), RawPiece("{}"))
    assert tokens_of(ModelAnswer(None, pieces), 400) == (100, 2)


# --- on the wire ------------------------------------------------------------------------------


async def post(address: Address, path: str) -> httpx2.Response:
    async with httpx2.AsyncClient(verify=NO_TLS, timeout=HANG_S) as http:
        return await http.post(address.http(path), json=asking(path), headers=VERSION)


async def test_openai_s_protocols_share_limits_that_count_down_to_a_429() -> None:
    async with standing_in(faults=["refuse=429@2", "refuse=401@3"], clock=ManualClock()) as address:
        answers = [await post(address, path) for path in (CHAT, RESPONSES, CHAT, CHAT, CHAT)]
    remaining = [answer.headers.get("x-ratelimit-remaining-requests") for answer in answers]
    assert remaining == ["4999", "4998", "0", None, "0"]
    tokens = [int(answer.headers["x-ratelimit-remaining-tokens"]) for answer in answers[:3]]
    assert tokens[0] < 800_000
    assert tokens[1] < tokens[0]
    assert tokens[2] == tokens[1]
    assert answers[2].headers["retry-after"] == "1"
    assert answers[2].headers["x-ratelimit-reset-requests"] == "1m0s"
    account = {answer.headers["openai-organization"] for answer in answers}
    assert len(account) == 1
    assert {answer.headers["openai-project"][:5] for answer in answers} == {"proj_"}


async def test_anthropic_s_limits_count_down_to_a_429() -> None:
    async with standing_in(faults=["refuse=429@1"], clock=ManualClock()) as address:
        answers = [await post(address, MESSAGES) for _ in range(3)]
    name = "anthropic-ratelimit-requests-remaining"
    assert [answer.headers[name] for answer in answers] == ["999", "0", "0"]
    dates = [
        datetime.fromisoformat(answer.headers["anthropic-ratelimit-requests-reset"])
        for answer in answers
    ]
    assert 50 < (dates[1] - dates[0]).total_seconds() < 50 + HANG_S
    assert len({answer.headers["anthropic-organization-id"] for answer in answers}) == 1


@pytest.mark.parametrize(("speed", "waited_ms"), [(1, 250), (2, 125)])
async def test_the_processing_time_is_that_of_the_clock(speed: float, waited_ms: int) -> None:
    clock = WatchedClock()
    answer = ModelAnswer(None, (TextPiece("Hello.", 250_000),))
    async with standing_in(answer, speed=speed, clock=clock) as address:
        asking_task = spawn(post(address, CHAT), name="a client")
        await clock.asleep_until(1000 * waited_ms)
        clock.advance_us(1000 * waited_ms)
        headers = (await asking_task).headers
        assert headers["openai-processing-ms"] == str(waited_ms)
        async with httpx2.AsyncClient(verify=NO_TLS, timeout=HANG_S) as http:
            models = await http.get(address.http("/v1/models"))
    assert models.headers["openai-processing-ms"] == "0"
    assert "x-ratelimit-limit-requests" not in models.headers

"""Reads refusals of servers of language models: why, for how long, and what would help.

Bodies differ from server to server: OpenAI's and Anthropic's `{"error": {…}}`, Ollama's
`{"error": "…"}`, FastAPI's `{"detail": […]}`, a web page of a proxy. All of it is text from
outside, so only its beginning is looked at, by patterns that take linear time.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias

from gramophone.core.frozen import frozen
from gramophone.wire.lenient_json import as_list, as_object, as_text, read_object

RefusalKind: TypeAlias = Literal[
    "other", "context", "credit", "model", "path", "loading", "overloaded"
]
"""Reasons that need advice of their own: the context is full, the account has no credit, there is
no such model or path, the model is being loaded, too much is going on."""

MOST_REASON_CHARS: Final = 2000
MOST_RETRY_AFTER_S: Final = 10**7
_MOST_DETAILS: Final = 3

_CONTEXT_TYPES: Final = frozenset({"exceed_context_size_error", "context_length_exceeded"})
_CREDIT_TYPES: Final = frozenset({"insufficient_quota", "billing_error", "insufficient_credits"})
_MODEL_TYPES: Final = frozenset({"model_not_found", "model_not_available"})

_CONTEXT: Final = re.compile(
    r"context (?:length|size|window|limit)|prompt is too long|too large for model|"
    r"reduce the length of the messages|exceeds the maximum number of tokens",
    re.IGNORECASE,
)
_CREDIT: Final = re.compile(
    r"credit balance|insufficient (?:balance|quota|credit|funds)|exceeded your current quota|"
    r"out of credit|payment required",
    re.IGNORECASE,
)
_LIMIT: Final = re.compile(
    r"context (?:length|size|window)(?: is| of)?:? ?\(?(\d{3,9})\b|tokens allowed \((\d{3,9})\b|"
    r"> (\d{3,9})\b|\b(\d{3,9}) maximum",
    re.IGNORECASE,
)
_PROMPT: Final = re.compile(
    r"(?:requested|resulted in|contains|count \(|long:|request \() ?(\d{3,9})\b", re.IGNORECASE
)
_PICTURE: Final = re.compile(r"image|picture|multimodal|vision\b|mmproj", re.IGNORECASE)
# In the words of OpenAI, OpenRouter, llama.cpp, LM Studio and Anthropic, vLLM, Mistral, serde (of
# DeepSeek), Groq and Ollama.
_NO_PICTURES: Final = re.compile(
    r"only supported by certain models|found that support image|image input is not supported|"
    r"not support (?:image|vision|multimodal)|not a multimodal model|at most 0 image|"
    r"not enabled for this model|unknown variant `image_url`|content must be a string|"
    r"missing data required for image|input should be 'text'",
    re.IGNORECASE,
)
_UNSUPPORTED: Final = re.compile(
    r"unsupported|not support|unknown|unrecognized|unrecognised|not allowed|not permitted|"
    r"unexpected|invalid|deprecated|extra inputs|may not|cannot be used",
    re.IGNORECASE,
)
_TITLE: Final = re.compile(r"<(?:title|h1)[^<>]{0,200}>([^<>]{1,200})", re.IGNORECASE)
_DATE: Final = re.compile(
    r"\w{3}, (\d{1,2}) (\w{3}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT", re.ASCII | re.IGNORECASE
)
_MONTHS: Final[tuple[str, ...]] = tuple("jan feb mar apr may jun jul aug sep oct nov dec".split())


@frozen(kw_only=True)
class ServerRefusal:
    """A refusal of a request.

    Attributes:
        status: HTTP status.
        reason: the server's own words; empty where it gives none.
        kind: what stands behind it, as far as it can be told.
        retry_after_s: seconds after which the server wants to be asked again; None if it does not
            say.
        prompt_tokens: tokens of the request, as the server counted them.
        context_tokens: tokens that the model takes.
        parameter: the server's own name of the parameter that it does not take.
    """

    status: int
    reason: str = ""
    kind: RefusalKind = "other"
    retry_after_s: float | None = None
    prompt_tokens: int | None = None
    context_tokens: int | None = None
    parameter: str = ""


def read_refusal(status: int, body: str | bytes, headers: Mapping[str, str]) -> ServerRefusal:
    """Read a refusal; `headers` have names in lower case."""
    fields = read_object(body)
    text = body.decode(errors="replace") if isinstance(body, bytes) else body
    error = as_object(fields.get("error")) or fields
    reason = (_reason(fields) if fields else _reason_of_page(text))[:MOST_REASON_CHARS]
    types = {as_text(error.get("type")), as_text(error.get("code"))}
    # Frameworks say so themselves where no program has this path.
    unserved = not fields or as_text(fields.get("detail")).lower() == "not found"
    kind = _kind(status, types, reason, unserved=unserved)
    return ServerRefusal(
        status=status,
        reason=reason,
        kind=kind,
        retry_after_s=_retry_after_s(headers),
        prompt_tokens=_count(error.get("n_prompt_tokens"), _PROMPT, reason, kind),
        context_tokens=_count(error.get("n_ctx"), _LIMIT, reason, kind),
        parameter=_parameter_named(fields, error),
    )


def unsupported_parameter(refusal: ServerRefusal, sent: Collection[str]) -> str:
    """The one of the parameters `sent` that the server does not take; empty where it is none."""
    if refusal.status not in (400, 422, 500) or refusal.kind != "other":
        return ""
    # OpenAI names a part of one as `reasoning.effort`.
    if (parameter := refusal.parameter.partition(".")[0]) in sent:
        return parameter
    if not _UNSUPPORTED.search(refusal.reason):
        return ""
    # The one that is named first is meant: "Unsupported parameter: 'max_tokens' … Use
    # 'max_completion_tokens' instead."
    words = re.findall(r"system (?=role|message|prompt)|[a-z_]{4,40}", refusal.reason.lower())
    return next((word.strip() for word in words if word.strip() in sent and word != "system"), "")


def refused_pictures(refusal: ServerRefusal) -> Literal["", "model", "picture"]:
    """The part of a request with pictures that was refused: the model, which takes none, or the
    picture; empty where the refusal is about something else."""
    if refusal.status not in (400, 404, 413, 415, 422, 500, 501) or refusal.kind == "credit":
        return ""
    if _NO_PICTURES.search(refusal.reason):
        return "model"
    if refusal.status in (413, 415):
        return "picture"
    return "picture" if refusal.kind == "other" and _PICTURE.search(refusal.reason) else ""


def _reason(fields: Mapping[str, object]) -> str:
    error = fields.get("error")
    candidates = (
        as_object(error).get("message"),
        error,
        fields.get("message"),
        fields.get("detail"),
        fields.get("title"),
    )
    text = next((text for text in map(as_text, candidates) if text), "")
    return text or _details(fields.get("detail"))


def _details(detail: object) -> str:
    """FastAPI's list of what is wrong: `temperature: Input should be a number`."""
    sentences: list[str] = []
    for item in as_list(detail)[:_MOST_DETAILS]:
        fields = as_object(item)
        location = [part for part in as_list(fields.get("loc")) if part != "body"]
        where = ".".join(str(part)[:60] for part in location[:6])
        sentences.append(": ".join(filter(None, (where, as_text(fields.get("msg"))))))
    return "; ".join(filter(None, sentences))


def _reason_of_page(text: str) -> str:
    beginning = text[:MOST_REASON_CHARS].strip()
    if not beginning.startswith("<"):
        return beginning
    title = _TITLE.search(beginning)
    return f"a web page, {title[1].strip()!r}" if title else "a web page"


def _kind(status: int, types: set[str], reason: str, *, unserved: bool) -> RefusalKind:
    if types & _CREDIT_TYPES or status == 402:
        return "credit"
    if types & _CONTEXT_TYPES or (status in (400, 413, 422) and _CONTEXT.search(reason)):
        return "context"
    if status in (400, 403, 429) and _CREDIT.search(reason):
        return "credit"
    if status == 503 and "loading" in reason[:200].lower():
        return "loading"
    if status in (400, 404) and types & _MODEL_TYPES:
        return "model"
    if status == 405 or (status == 404 and unserved):
        return "path"
    if status == 404:
        return "model" if "model" in reason.lower() else "other"
    return "overloaded" if status in (429, 529) else "other"


def _count(value: object, pattern: re.Pattern[str], reason: str, kind: RefusalKind) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**9:
        return value
    if kind != "context" or (match := pattern.search(reason)) is None:
        return None
    return int(next(filter(None, match.groups())))


def _parameter_named(fields: Mapping[str, object], error: Mapping[str, object]) -> str:
    if parameter := as_text(error.get("param")):
        return parameter[:100]
    for item in as_list(fields.get("detail"))[:1]:
        location = [part for part in as_list(as_object(item).get("loc")) if isinstance(part, str)]
        if location:
            return location[-1][:100]
    return ""


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds of `retry-after-ms`, or of `retry-after`, also as a date (RFC 9110, 10.2.3)."""
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return min(milliseconds / 1000, MOST_RETRY_AFTER_S)
    value = headers.get("retry-after", "").strip()
    if (seconds := _number(value)) is not None:
        return min(seconds, MOST_RETRY_AFTER_S)
    # Both by the server's clock; this machine's may be wrong.
    then, now = _date(value), _date(headers.get("date", ""))
    if then is None or now is None:
        return None
    return min(max((then - now).total_seconds(), 0), MOST_RETRY_AFTER_S)


def _date(text: str) -> datetime | None:
    """The time of an HTTP date, as `Mon, 30 Nov 2026 10:02:00 GMT`."""
    match = _DATE.fullmatch(text.strip())
    if match is None or match[2].lower() not in _MONTHS:
        return None
    day, month, *rest = match.groups()
    year, hour, minute, second = map(int, rest)
    try:
        return datetime(
            year, _MONTHS.index(month.lower()) + 1, int(day), hour, minute, second, tzinfo=UTC
        )
    except ValueError:
        return None


def _number(text: str) -> float | None:
    text = text.strip()
    if not re.fullmatch(r"\d{1,9}(?:\.\d{1,9})?", text):
        return None
    return float(text)

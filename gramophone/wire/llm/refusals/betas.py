"""Names in the header `anthropic-beta`, and the refusal of those that the service does not know."""

# The service refuses a name that it does not have, so a misspelt one is found at once. Nobody can
# know the names of tomorrow: one that is dated after all of these is accepted.

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from gramophone.wire.llm.errors import ModelRefusal

_SDK: Final = frozenset(
    {
        "admin-user-sign-out-2026-10-08",
        "advisor-tool-2026-03-01",
        "agent-memory-2026-07-22",
        "analytics-usage-cost-2026-08-24",
        "cache-diagnosis-2026-04-07",
        "ce-claude-code-managed-settings-2026-10-06",
        "ce-plugins-2026-09-01",
        "ce-user-management-2026-07-13",
        "code-execution-2025-05-22",
        "compact-2026-01-12",
        "compact-2026-09-04",
        "computer-use-2024-10-22",
        "computer-use-2025-01-24",
        "computer-use-2025-11-24",
        "context-1m-2025-08-07",
        "context-management-2025-06-27",
        "dev-full-thinking-2025-05-14",
        "dreaming-2026-04-21",
        "experimental-claude-tag-2026-10-21",
        "extended-cache-ttl-2025-04-11",
        "fallback-credit-2026-06-01",
        "fallback-credit-2026-07-01",
        "fast-mode-2026-02-01",
        "files-api-2025-04-14",
        "inline-tools-2026-09-15",
        "interleaved-thinking-2025-05-14",
        "managed-agents-2026-04-01",
        "mcp-client-2025-04-04",
        "mcp-client-2025-11-20",
        "mcp-client-2026-09-15",
        "mcp-tunnels-2026-06-22",
        "message-batches-2024-09-24",
        "message-threads-2026-08-12",
        "mid-conversation-output-config-2026-07-01",
        "mid-conversation-system-clear-at-2026-08-21",
        "mid-conversation-tool-changes-2026-07-01",
        "model-context-window-exceeded-2025-08-26",
        "output-128k-2025-02-19",
        "output-300k-2026-03-24",
        "pdfs-2024-09-25",
        "prompt-caching-2024-07-31",
        "server-side-fallback-2026-06-01",
        "server-side-fallback-2026-07-01",
        "skills-2025-10-02",
        "spend-limit-reads-2026-09-26",
        "structured-outputs-2025-11-13",
        "task-budgets-2026-03-13",
        "telemetry-destinations-2026-08-11",
        "thinking-binding-controls-2026-08-01",
        "thinking-display-updates-2026-08-18",
        "thinking-token-count-2026-05-13",
        "token-counting-2024-11-01",
        "token-efficient-tools-2025-02-19",
        "user-profiles-2026-03-24",
        "user-profiles-2026-08-18",
        "user-profiles-2026-09-04",
        "user-profiles-billing-2026-10-01",
        "webhooks-2026-10-07",
    }
)
"""The names in anthropic 2.11, `types/anthropic_beta_param.py`."""

_SEEN: Final = frozenset(
    {
        "adaptive-thinking-2026-01-28",
        "advanced-tool-use-2025-11-20",
        "claude-code-20250219",
        "code-execution-2025-08-25",
        "effort-2025-11-24",
        "fine-grained-tool-streaming-2025-05-14",
        "max-tokens-3-5-sonnet-2024-07-15",
        "oauth-2025-04-20",
        "prompt-caching-scope-2026-01-05",
        "redact-thinking-2026-02-12",
        "search-results-2025-06-09",
        "structured-outputs-2025-12-15",
        "token-efficient-tools-2026-03-28",
        "tool-examples-2025-10-29",
        "tool-search-tool-2025-10-19",
        "tools-2024-04-04",
        "tools-2024-05-16",
        "web-fetch-2025-09-10",
        "web-search-2025-03-05",
    }
)
"""Names that Anthropic's own programs and its documentation use, and its SDK no longer or not."""

KNOWN_BETAS: Final = _SDK | _SEEN
_DATED: Final = re.compile(r"[a-z0-9][a-z0-9-]*-(\d{4})-?(\d{2})-?(\d{2})")
_MOST_SHOWN: Final = 100


def _date(name: str) -> str:
    """The date at the end of a name, as eight digits; empty without one."""
    match = _DATED.fullmatch(name)
    return "".join(match.groups()) if match else ""


_NEWEST: Final = max(map(_date, KNOWN_BETAS))


def beta_refusal(header: str, more: Collection[str] = ()) -> ModelRefusal | None:
    """The refusal of a header with an unknown name; `more` are known beside `KNOWN_BETAS`."""
    names = [name.strip() for name in header.split(",")]
    unknown = [name for name in names if not _is_known(name, more)]
    if not unknown:
        return None
    listed = ", ".join(f"`{name[:_MOST_SHOWN]}`" for name in unknown)
    message = (
        f"Unexpected value(s) {listed} for the `anthropic-beta` header. Please consult our "
        "documentation at docs.anthropic.com or try again without the header."
    )
    return ModelRefusal(400, message, "invalid_request_error")


def _is_known(name: str, more: Collection[str]) -> bool:
    return name in KNOWN_BETAS or name in more or _date(name) > _NEWEST

"""Fields about cross-origin requests (CORS) that every answer of a service has."""

from __future__ import annotations

from typing import Final

OPENAI_HEADERS: Final = (("access-control-expose-headers", "X-Request-ID"),)
"""Of OpenAI, as recorded in October 2024."""
DEEPGRAM_HEADERS: Final = (
    ("vary", "origin, access-control-request-method, access-control-request-headers"),
    ("access-control-allow-credentials", "true"),
    (
        "access-control-expose-headers",
        "dg-model-name,dg-model-uuid,dg-additional-model-uuids,dg-char-count,dg-request-id,"
        "dg-project-id,dg-error,dg-breaks-applied,dg-pronunciations-applied,"
        "dg-pronunciation-warnings",
    ),
)
"""Of Deepgram over HTTP, as recorded in December 2025 and June 2026."""

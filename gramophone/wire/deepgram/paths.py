"""Paths of Deepgram's endpoints, which are the same on a websocket and over HTTP."""

from __future__ import annotations

from typing import Final

SPEAK_PATH: Final = "/v1/speak"
FLUX_PATH: Final = "/v2/speak"
LISTEN_PATH: Final = "/v1/listen"
LISTEN_V2_PATH: Final = "/v2/listen"

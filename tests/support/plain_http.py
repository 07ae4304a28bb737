"""A TLS context for clients of servers on this machine, which speak without TLS."""

from __future__ import annotations

import ssl
from typing import Final

NO_TLS: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody. A client's own reads all authorities, which takes longer than most tests."""

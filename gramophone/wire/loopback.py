"""Addresses of this machine, which are never reached through an HTTP proxy."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def on_this_machine(url: str) -> bool:
    """Whether the address is a loopback one."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def lacks_path(url: str) -> bool:
    """Whether the address is that of a server alone, without a path."""
    try:
        return urlsplit(url).path in ("", "/")
    except ValueError:
        return False


def host_of(url: str) -> str:
    """Host and port of an address, without user and password; empty where it has none."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return ""

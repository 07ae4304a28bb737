"""Protocols as pure state machines: no asyncio, no sockets, no clock."""

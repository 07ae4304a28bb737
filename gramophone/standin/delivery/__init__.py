"""Delivery of bytes: pacing, injected faults, websocket and HTTP responses.

Their content is decided elsewhere. Begin with `pacing`.
"""

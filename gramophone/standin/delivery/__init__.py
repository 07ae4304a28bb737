"""How bytes go out: pacing, injected faults, websocket and HTTP responses.

What they mean is decided elsewhere. Begin with `pacing`.
"""

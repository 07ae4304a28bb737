"""One port for everything: HTTP and websockets, limits, access, the log of traffic, the clock.

No service is known here. Begin with `listener`.
"""

"""The recording proxy: passes traffic on to the real service and makes a session of it.

Observers turn frames into events and decide nothing. Begin with `proxy`.
"""

"""The recording proxy: passes traffic on to the real service and makes a session of it.

Observers are pure and decide nothing. Begin with `proxy`.
"""

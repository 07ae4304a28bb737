"""The recorded source of events: a schedule of a stored session, played in step with its sound.

Only `replay` knows an event loop; edges are seen as ports. Begin with `schedule`.
"""

"""The live source of events: a pure state machine, and the engine that drives it.

Only `engine` knows an event loop; edges are seen as ports. Begin with `conversation`.
"""

"""Words that every package speaks: events, intents, errors, frozen values, clock, sinks.

The standard library alone is imported here, and no file, socket or device is touched. Begin with
`timeline`: every fact of a session is an event of it.
"""

"""Writing: events and sound of a running session, recovery after a crash, redaction.

Begin with `recorder`, then `writer`.
"""

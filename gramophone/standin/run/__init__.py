"""The stand-in as a process: arguments, ready line, services by name, a clean end.

Begin with `process`.
"""

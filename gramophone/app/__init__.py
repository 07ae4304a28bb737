"""The composition root: providers, devices, storage and sources put together for a front end.

Any front end (terminal, command line) starts here; nothing is printed. Begin with `session`.
"""

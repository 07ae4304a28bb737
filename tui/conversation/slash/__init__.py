"""Slash commands: how they are read, what each does, and their arguments.

Begin with `commands`.
"""

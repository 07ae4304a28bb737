"""Dialogs: a question, a choice, a text, a key, a progress bar over the screen.

None of them acts; each returns what was answered. Begin with `confirm`.
"""

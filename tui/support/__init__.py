"""Helpers that screens and widgets share: figures in words, alerts, clipboard, screenshot.

Nothing here knows a session. Begin with `formatting`.
"""

"""Turns of a pane: a model folded from events, laid out in rows, scrolled and selected.

Markdown becomes rows in `markdown`. Begin with `model`.
"""

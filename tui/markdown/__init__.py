"""Markdown that grows, as blocks and rows: what an answer is drawn from.

No widget here. Begin with `document`.
"""

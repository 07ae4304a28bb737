"""Markdown that grows, as blocks and lines: what an answer is drawn from. No widget here."""

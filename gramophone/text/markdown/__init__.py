"""Markdown as it is read aloud: blocks, inline marks, formulas, and what is left out.

How Markdown is drawn is the business of `tui.markdown`. Begin with `reader`.
"""

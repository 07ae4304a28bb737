"""Colours, motion and characters that fit the terminal and the theme.

Begin with `palette`.
"""

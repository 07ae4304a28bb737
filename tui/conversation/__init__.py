"""Panes of conversations: grid, headers, status line, target bar, and the slash commands.

The text of turns is drawn by `transcript`. Begin with `talk_pane`.
"""

"""Screens of the terminal app, each with its stylesheet beside it.

Widgets are in the packages named after what they show. Begin with `conversation`.
"""

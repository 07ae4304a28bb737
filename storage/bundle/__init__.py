"""Bundles: a session as one file that another library takes in.

Begin with `layout`, which says what a bundle holds.
"""

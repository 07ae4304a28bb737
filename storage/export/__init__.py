"""Recordings in formats of others, each file written whole or not at all.

A format is a module of `formats`; what all of them need stands here. Begin with `export`.
"""

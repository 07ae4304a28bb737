"""Sentence boundaries: where a sentence ends, in text of many languages that still comes.

Tables here are data; rules are in the modules that are named after them. Begin with `boundary`.
"""

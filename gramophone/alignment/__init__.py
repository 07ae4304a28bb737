"""Alignment of text and sound: word times, durations, pauses, offsets in the source.

The only estimator of what was heard. Begin with `word_timing`.
"""

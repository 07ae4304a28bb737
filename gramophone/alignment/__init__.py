"""Alignment of text and sound: word times, durations, pauses, offsets in the source.

Pure; the only estimator of what was heard. Begin with `word_timing`.
"""

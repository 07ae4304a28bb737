"""Which text is heard at which sample: word times, durations, pauses, places in the source.

Pure; the only estimator of what was heard. Begin with `word_timing`.
"""

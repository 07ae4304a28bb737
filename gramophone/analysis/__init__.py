"""Folds over events: metrics of a turn, latency, attribution, comparison, the text of a turn.

Pure: events in, values out. Begin with `metrics`.
"""

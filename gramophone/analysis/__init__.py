"""Folds over events: metrics of a turn, latency, attribution, comparison, the text of a turn.

Events in, values out. Begin with `metrics`.
"""

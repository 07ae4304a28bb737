"""The latency view: a waterfall chart of an answer, its rows and its time axis.

The figures come from `gramophone.analysis.latency`. Begin with `chart`.
"""

"""A conversation in plain lines, for screen readers: `--accessible`.

A line is a finished sentence; nothing is drawn, nothing moves, and no line changes once it is
printed. A client of `gramophone.ports`, as the full-screen app is. Begin with `talk`.
"""

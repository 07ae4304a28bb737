"""Stored sessions as their readers see them: summaries, the `Library` port, queries, statistics.

How they are stored is known to `storage` alone. Begin with `library`.
"""

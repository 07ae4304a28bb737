"""Queries and changes of stored sessions: listing, search, titles, tags, deletion, statistics.

Begin with `listing`.
"""

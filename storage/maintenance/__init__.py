"""Upkeep of a library: verify, backup, compaction, garbage collection, retention, salvage.

Begin with `verify`.
"""

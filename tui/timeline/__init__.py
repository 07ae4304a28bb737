"""The raw timeline: events as rows of a table.

Begin with `event_table`.
"""

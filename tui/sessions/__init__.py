"""Lists of stored sessions: rows, preview, search field, and what can be done with them.

Begin with `session_list`.
"""

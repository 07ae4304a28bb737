"""The database: schema and migrations, connections, rows, locks, errors in words.

What a session means is decided in the other packages. Begin with `schema`.
"""

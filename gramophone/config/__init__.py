"""Settings: where they come from, in which order, and the file a person edits.

Nothing is started here. Begin with `config` (the value) and `loading` (where it comes from).
"""

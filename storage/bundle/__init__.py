"""Bundles: a session in one file (`.gramophone`), the same bytes whenever it is written, and a
reader that believes nothing it reads. `docs/recording.md` has the format."""

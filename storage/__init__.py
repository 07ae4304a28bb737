"""Sessions on disk: SQLite for events and text, WAV or FLAC for sound.

Neither screen nor provider is known here. Begin with `recording.recorder` (writing) or `library`
(reading); `docs/recording.md` describes the files.
"""

"""The I/O edge that keeps things: schema, recorder, library, WAV files, search, export."""

"""Samples: PCM and G.711, levels, the jitter buffer, WAV parsers, time stretching.

No device and no file is touched; numpy is imported by `time_stretch` and `rate_converter` alone.
Begin with `jitter_buffer`.
"""

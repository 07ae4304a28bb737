"""Samples: PCM and G.711, levels, the jitter buffer, WAV parsers, time stretching.

Pure: no device, no file. numpy is imported by `time_stretch` alone. Begin with `jitter_buffer`.
"""

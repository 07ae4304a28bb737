"""Files of sound: WAV as it is recorded, FLAC after `compact`, peaks for waveforms.

No database here. Begin with `wav`.
"""

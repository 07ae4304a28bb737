"""Sound on the screen: now playing, seek bar, meter, waveforms.

No sample is played here. Begin with `now_playing`.
"""

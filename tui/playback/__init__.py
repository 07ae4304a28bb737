"""Sound on the screen: now playing, the strip of sound, control of a replay.

No sample is played here. Begin with `now_playing`.
"""

"""Sound cards: the speaker, its output device, the list of devices.

PyAudio is imported here alone. Begin with `speaker`.
"""

"""Voices of the stand-in: tones, Piper, and the sound of a recording.

A voice never waits for a clock. Begin with `tone`.
"""

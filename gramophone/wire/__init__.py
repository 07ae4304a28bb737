"""Protocols without sockets: bytes or frames in, messages and frames out, for both ends.

Pure: no event loop, no clock. Begin with `deepgram.speak_v1` or `llm`.
"""

"""The endpoints of Deepgram: Speak v1 and v2, Speak over HTTP, Listen v1.

The protocols are in `wire.deepgram`. Begin with `routes`.
"""

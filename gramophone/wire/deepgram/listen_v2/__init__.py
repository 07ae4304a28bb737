"""Deepgram Listen v2 (Flux): messages, parameters, and a server that answers by rule.

Begin with `messages`, then `turns`.
"""

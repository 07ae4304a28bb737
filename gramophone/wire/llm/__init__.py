"""Streams of language models: OpenAI Chat and Responses, Anthropic Messages, read and written.

`answer` is the form that all of them have in common; begin there.
"""

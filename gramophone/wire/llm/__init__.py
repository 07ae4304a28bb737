"""Streams of language models: OpenAI Chat and Responses, Anthropic Messages, read and written.

Begin with `answer`, the form that all of them have in common.
"""

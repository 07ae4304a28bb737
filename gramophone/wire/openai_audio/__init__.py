"""OpenAI's speech over HTTP: requests, refusals, and the forms of the answers.

Begin with `speech` for text to speech, with `transcriptions` for the other way.
"""

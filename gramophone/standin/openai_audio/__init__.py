"""The endpoints of OpenAI's speech over HTTP: text to speech, and transcriptions.

The protocols are in `wire.openai_audio`. Begin with `routes`.
"""

"""Clients of services and of embedded engines: `llm` for models, `tts` for voices.

Each implements a port of `ports` and knows neither storage nor screen. Begin with
`tts.deepgram`.
"""

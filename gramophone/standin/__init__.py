"""The stand-in: a server that plays Deepgram's, OpenAI's and Anthropic's services, and a proxy.

It uses the protocols of `wire` and nothing of our clients. At this level stand the values that its
parts share; begin with `run.process`, or with `docs/stand-in.md`.
"""

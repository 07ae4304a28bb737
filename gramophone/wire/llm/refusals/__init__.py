"""Requests that OpenAI and Anthropic refuse though their shape is right: a rule a function.

Each module has one pure function: the fields of a request in, its refusal or None out. Begin with
`chat`. Sentences are the services' own, as far as they are known; fields that no rule names may
hold anything.
"""

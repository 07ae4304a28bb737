"""The endpoints of language models: OpenAI's and Anthropic's, on one plan of a response.

The streams' form is in `wire.llm`. Begin with `endpoints`.
"""

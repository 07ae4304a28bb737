"""Language models: OpenAI, Anthropic and the embedded model, as `ports.LanguageModel`.

A new provider extends `http_model.HttpModel` by what is its own. Begin with `openai_chat`.
"""

"""Language models: OpenAI, Anthropic and the embedded model, as `ports.engine.LanguageModel`.

A new provider is a module here and a line in `app.providers`. Begin with `openai_chat`.
"""

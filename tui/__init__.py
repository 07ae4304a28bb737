"""The Textual client: it draws events and sends intents.

Of the engine it sees events, ports and pure folds; no edge. Begin with `app`.
"""

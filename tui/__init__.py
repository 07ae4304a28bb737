"""The Textual client: it draws events and sends intents, and knows no edge."""

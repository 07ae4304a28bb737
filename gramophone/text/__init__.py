"""Text made safe, searchable and speakable: sanitizing, redaction, Markdown, sentences, chunks.

No clock, no file and no event loop is touched. Begin with `chunker`, which cuts an answer that
streams into pieces to speak.
"""

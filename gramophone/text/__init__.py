"""Text made safe, searchable and speakable: sanitizing, redaction, Markdown, sentences, chunks.

Pure: no clock, no file, no event loop. Begin with `chunker`, which cuts an answer that streams into
pieces to speak.
"""

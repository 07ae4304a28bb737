"""A session as one web page that plays: text, words and sound in a single file.

Elements can only be written escaped. Begin with `page`.
"""

"""Language detection of an answer, from its script, letters and first words.

What follows from a language stands elsewhere (`text.sentences`). Begin with `detection`.
"""

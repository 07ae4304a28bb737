"""Conversations out of the data exports of other programs: ChatGPT and Claude.

The parsers are pure. Begin with `format`, the common form.
"""

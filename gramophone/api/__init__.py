"""Public Python interface: what a program imports to speak text and to hold conversations.

A front end like `cli`, on top of `app`, without terminal and arguments. It has no call yet: until
it has, begin with `gramophone.text.chunker.chunks` and the plugin in `gramophone.testing`.
"""

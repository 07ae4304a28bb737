"""One export format a module, and the containers and tags that some of them share.

A new format is a module here and a line in `export`. Begin with `wav` or `txt`.
"""

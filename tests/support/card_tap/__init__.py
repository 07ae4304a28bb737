"""Folder that `SoundCard.env` puts on the path of programs; see `sitecustomize.py`."""

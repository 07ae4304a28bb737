"""The pytest plugin, and the stand-ins that it starts in processes of their own.

Every run of pytest loads it, so it imports next to nothing. Begin with `pytest_plugin`.
"""

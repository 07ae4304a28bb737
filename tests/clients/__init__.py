"""Programs of real clients, run unchanged against the stand-in: `python -m tests.clients`.

`programs/` and `node/` have them, `catalogue.py` the list. Each is installed in an environment of
its own from a lock in `requirements/`. The programs know nothing of the stand-in but its address.
"""

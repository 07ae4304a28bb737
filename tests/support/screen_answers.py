"""Pieces of the answers that pictures and the demonstration show."""

from __future__ import annotations

CODE = """```python
def play(record):
    for groove in record:
        yield needle.follow(groove)
```
"""

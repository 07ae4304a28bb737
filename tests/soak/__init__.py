"""Long campaigns against the promises of `docs/promises.md`: `make soak`.

They are not part of the gate. Each module `tests/soak/<name>.py` is one campaign: a function
`run(seed: int, effort: float) -> Figures` that attacks one promise, bounded in count and time,
and returns its figures. `effort` scales the counts; 1.0 is what a release is tested with. Begin
reading at `__main__`.
"""

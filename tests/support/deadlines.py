"""When waiting counts as hanging.

No test asserts how fast something is: on a machine that does eight other things, everything takes
ten times as long. A wait is for the thing itself, and this bound only ends a wait that would
otherwise never end. pytest's own limit for a test (`timeout` in pyproject.toml) is twice as long,
so that the wait fails first and says what it waited for.
"""

HANG_S = 300
"""Seconds after which a test gives a wait up."""

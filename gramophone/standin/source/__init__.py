"""Sources of a stand-in: scenarios, recorded sessions and bundles; and what they expect.

Begin with `source`.
"""

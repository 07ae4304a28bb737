"""What the stand-in says: a scenario, a recorded session or a bundle, and what it expects.

Pure. Begin with `source`.
"""

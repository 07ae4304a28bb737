"""What tests of several packages share, one module a need.

No test imports another test; what two of them need stands here.
"""

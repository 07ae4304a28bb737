"""Conversations of other programs, as sessions without sound."""

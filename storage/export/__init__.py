"""Recordings in formats of others, each written whole or not at all."""

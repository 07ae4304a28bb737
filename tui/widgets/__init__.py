"""Widgets of the terminal app, one noun a module."""

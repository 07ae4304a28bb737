"""Surroundings of a program that uses the interface."""

from tests.support.program_home import home

__all__ = ["home"]

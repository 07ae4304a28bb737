"""Settings on the screen: pages of rows, their list, the keys a person chose.

Begin with `rows`.
"""

"""Files and processes of this machine, handled safely: regular and temporary files, children.

Nothing of Gramophone is imported here, and nothing is known of talks. Begin with `regular_files`
(opening what somebody else may have put there).
"""

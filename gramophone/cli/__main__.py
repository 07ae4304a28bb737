"""`python -m gramophone.cli`."""

from gramophone.cli import main

main()

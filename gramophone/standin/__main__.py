"""`python -m gramophone.standin`."""

from __future__ import annotations

import sys

from gramophone.core_dumps import forbid_core_dumps
from gramophone.standin.process import main

# Clients send their keys here.
forbid_core_dumps()
sys.exit(main())

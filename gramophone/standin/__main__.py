"""`python -m gramophone.standin`."""

from __future__ import annotations

import sys

from gramophone.standin.run.process import main
from gramophone.system.core_dumps import forbid_core_dumps

# Clients send their keys here.
forbid_core_dumps()
sys.exit(main())

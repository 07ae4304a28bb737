"""`python -m gramophone.standin`."""

from __future__ import annotations

import sys

from gramophone.standin.process import main

sys.exit(main())

"""Commands: a module each, arguments in, text or JSON out; `main` is the console script.

No work is done here that another front end would need, too: that is in `gramophone.app`. Begin with
`commands`.
"""

import gc
import os
import sys

from gramophone.system.core_dumps import forbid_core_dumps


def main() -> None:
    """The console script; the one place where an exception that is not ours becomes a sentence."""
    forbid_core_dumps()
    try:
        _run()
    except Exception as error:
        from gramophone.cli.crash_report import report_crash

        report_crash(error)


def _run() -> None:
    """With nothing to be read, the app opens without the reader of commands."""
    if len(sys.argv) > 1 or "_GRAMOPHONE_COMPLETE" in os.environ:
        from gramophone.cli.commands import main as obey

        obey()
    else:
        # Nothing of what is loaded now is garbage; the app looks for it when it has been drawn.
        gc.disable()
        from gramophone.cli.chat import open_app

        open_app()


__all__ = ["main"]

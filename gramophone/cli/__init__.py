"""Commands, a module each: options in, text or JSON out. `main` is the console script.

Work that another front end would need, too, is in `gramophone.app`. Begin with `commands`.
"""

import gc
import os
import sys

from gramophone.system.core_dumps import forbid_core_dumps


def main() -> None:
    """Run the console script. The one place where an unexpected exception becomes a sentence."""
    forbid_core_dumps()
    try:
        _run()
    except Exception as error:
        from gramophone.cli.crash_report import report_crash

        report_crash(error)


def _run() -> None:
    """Without arguments open the app at once: importing click and the commands takes longer."""
    if len(sys.argv) > 1 or "_GRAMOPHONE_COMPLETE" in os.environ:
        from gramophone.cli.commands import main as run_command

        run_command()
    else:
        # Imports make many objects and no garbage. The app collects it after its first frame.
        gc.disable()
        from gramophone.cli.chat import open_app

        open_app()


__all__ = ["main"]

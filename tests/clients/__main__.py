"""Run real clients against the stand-in: `python -m tests.clients [NAME ...]`.

Without a name all of them run. Each is installed first, once; nothing else needs a network. The
exit code is 1 if a step ended otherwise than with the service.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from typing import NoReturn

from tests.clients.catalogue import CLIENTS, STEPS, TALKERS, Client
from tests.clients.environments import command, versions
from tests.clients.running import run_client
from tests.clients.talks import STAGES, run_talks


def main() -> int:
    known = {client.name: client for client in (*CLIENTS, *TALKERS)}
    parser = argparse.ArgumentParser(prog="python -m tests.clients", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(known))
    names = parser.parse_args().names or list(known)
    unknown = [name for name in names if name not in known]
    if unknown:
        parser.error(f"there is no client {', '.join(unknown)}; choose from {', '.join(known)}")
    # An end by a signal closes what was started, too.
    signal.signal(signal.SIGTERM, _interrupted)
    started_s = time.monotonic()
    failures: list[str] = []
    for clients, steps in ((CLIENTS, STEPS), (TALKERS, STAGES)):
        chosen = [client for client in clients if client.name in names]
        if chosen:
            print(_row("client", "interface", steps, "seconds"), flush=True)
        failures += [client.name for client in chosen if not _run(client)]
    seconds = time.monotonic() - started_s
    print(f"{len(names)} clients, {len(failures)} failed, {seconds:.0f} s")
    return 1 if failures else 0


def _run(client: Client) -> bool:
    """Print the lines of a client's results; gives whether all were good."""
    try:
        arguments = command(client)
    except (subprocess.SubprocessError, OSError) as error:
        print(f"{client.name}: could not be installed: {error}", flush=True)
        return False
    complaints: list[str] = []
    name = client.name
    run = run_talks if client in TALKERS else run_client
    for interface, results in run(client, arguments):
        cells = ["failed" if result.complaint else "ok" for result in results]
        seconds = sum(result.seconds for result in results)
        print(_row(name, interface, cells, f"{seconds:.1f}"), flush=True)
        name = ""
        complaints += [
            f"{client.name}, {interface}, {result.step}: {result.complaint}"
            for result in results
            if result.complaint
        ]
    print("    " + ", ".join(f"{package} {version}" for package, version in versions(client)))
    for complaint in complaints:
        print(complaint)
    sys.stdout.flush()
    return not complaints


def _row(name: str, interface: str, cells: Iterable[str], seconds: str) -> str:
    columns = "".join(f"{cell:<12}" for cell in cells)
    return f"{name:<16}{interface:<12}{columns}{seconds:>7}"


def _interrupted(number: int, frame: object) -> NoReturn:
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())

"""The commands for stored sessions: options in, one function each."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from gramophone.cli.options import SESSION
from gramophone.cli.runner import JSON, configured, finish, quieten, run


@click.command()
@click.option(
    "--search", default="", metavar="Q", help="Search: words, phrases and filters, as above."
)
@click.option(
    "--limit",
    default=50,
    show_default=True,
    type=click.IntRange(1),
    help="Most sessions to list.",
)
@JSON
def sessions(search: str, limit: int, as_json: bool) -> None:
    """List recorded sessions: pinned ones first, then the newest.

    A search is words, "phrases", -words that must not occur, and filters: provider: model: voice:
    tag: title: before: after: on: has:audio has:tags is:pinned is:archived is:recovered.
    """
    from gramophone.cli import sessions as stored

    finish(stored.list_sessions(configured().home, search=search, limit=limit, as_json=as_json))


@click.command()
@SESSION
@click.option("--thoughts", is_flag=True, help="Print the thoughts of the answers, too.")
@JSON
def show(session: str, thoughts: bool, as_json: bool) -> None:
    """Print a session's turns."""
    from gramophone.cli import sessions as stored

    finish(stored.show(configured().home, session, as_json=as_json, thoughts=thoughts))


@click.command()
@SESSION
@click.option(
    "--speed",
    default=1.0,
    show_default=True,
    type=click.FloatRange(0.25, 4.0),
    help="Speed as a factor; the pitch does not change.",
)
@click.option("--mute", is_flag=True, help="Neither play the sound nor wait for it.")
@JSON
def replay(session: str, speed: float, mute: bool, as_json: bool) -> None:
    """Replay a session with its sound, in the recorded timing."""
    from gramophone.cli.replay import replay as play

    config = configured({"mute": mute})
    quieten()
    finish(play(config, config.home, session, speed=speed, as_json=as_json))


@click.command("import")
@click.argument("files", metavar="FILE", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--as-new", is_flag=True, help="Import under a new id, even if the session exists already."
)
def import_(files: tuple[Path, ...], as_new: bool) -> None:
    """Import sessions into the library, and print their ids.

    FILE is a bundle that `export --format bundle` wrote, or a data export of ChatGPT or Claude: the
    zip, or the conversations.json in it.
    """
    from gramophone.app.session import new_session_id
    from gramophone.cli.import_ import import_files

    finish(import_files(configured(), files, as_new=as_new, new_id=new_session_id))


@click.command()
@SESSION
@click.argument("title", metavar="TITLE")
def rename(session: str, title: str) -> None:
    """Set a session's title; an empty one restores the first words."""
    from gramophone.cli import sessions as stored

    finish(stored.rename(configured().home, session, title))


@click.command(context_settings={"ignore_unknown_options": True})
@SESSION
@click.argument("changes", metavar="[+TAG] [-TAG]", nargs=-1, type=click.UNPROCESSED)
def tag(session: str, changes: tuple[str, ...]) -> None:
    """Change and print a session's tags; plain names replace them."""
    from gramophone.cli import sessions as stored

    finish(stored.tag(configured().home, session, " ".join(changes)))


@click.command()
@SESSION
@click.option("--undo", is_flag=True, help="Unpin it.")
def pin(session: str, undo: bool) -> None:
    """Keep a session at the top of the list."""
    from gramophone.cli import sessions as stored

    finish(stored.pin(configured().home, session, pinned=not undo))


@click.command()
@SESSION
@click.option("--undo", is_flag=True, help="Put it back into the list.")
def archive(session: str, undo: bool) -> None:
    """Remove a session from the list; is:archived finds it."""
    from gramophone.cli import sessions as stored

    finish(stored.archive(configured().home, session, archived=not undo))


@click.command()
@SESSION
@click.option("--yes", is_flag=True, help="Delete without asking.")
def delete(session: str, yes: bool) -> None:
    """Delete a session and its sound for good."""
    from gramophone.cli import sessions as stored

    home = configured().home
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("give --yes to delete it; there is no terminal to ask in")
        title = run(stored.title_of(home, session))
        click.confirm(f"Delete {title}?", abort=True, err=True)
    finish(stored.delete(home, session))


@click.command()
@click.argument("session", metavar="[SESSION]", required=False)
@JSON
def verify(session: str | None, as_json: bool) -> None:
    """Check that database, rows and sound files agree."""
    from gramophone.cli import sessions as stored

    finish(stored.verify(configured().home, session, as_json=as_json))


@click.command()
@click.argument("session", metavar="[SESSION]", required=False)
@click.option("--since", default="", metavar="DATE|30d", help="Only sessions from that day on.")
@click.option(
    "--by",
    multiple=True,
    type=click.Choice(["provider", "model", "voice"]),
    help="Group by this; can be repeated (default: all three).",
)
@JSON
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, one row per group.")
def stats(
    session: str | None, since: str, by: tuple[str, ...], as_json: bool, as_csv: bool
) -> None:
    """Print latency, tokens and spoken time of the answers."""
    from gramophone.cli import stats as statistics

    if session and since:
        raise click.UsageError("give a session or --since, not both")
    if as_json and as_csv:
        raise click.UsageError("give --json or --csv, not both")
    form = "json" if as_json else "csv" if as_csv else "text"
    columns = tuple(name for name in statistics.BY if name in by) or statistics.BY
    finish(statistics.stats(configured().home, session, since=since, by=columns, form=form))


SESSION_COMMANDS = (
    sessions,
    show,
    replay,
    import_,
    rename,
    tag,
    pin,
    archive,
    delete,
    verify,
    stats,
)
"""Every command of this module."""

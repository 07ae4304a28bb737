"""Actions of a user: one table behind the palette, the slash commands, the keys and their docs.

A row names the bindings (`bindings.py`) and the slash command (`slash/commands.py`) that do the
same thing. A binding without a row here is an action of its own, under the subject of its group.
"""

from __future__ import annotations

import re
from typing import Final

from gramophone.core.frozen import frozen
from tui.bindings import BINDING_GROUPS, Subject
from tui.conversation.slash.commands import COMMANDS

SUBJECTS: Final[tuple[Subject, ...]] = ("Talk", "Model", "Voice", "Session", "Screen")
"""Subjects in the order of the palette."""

NOT_IN_PALETTE: Final = frozenset({"app.commands"})
"""Bindings that the palette leaves out: it is open already."""


@frozen
class Action:
    """Something that a user can do, by whichever way.

    Attributes:
        bindings: ids of the bindings that do it; the first one that is active is used, else the
            command.
        command: name of the slash command that does it, with `argument` behind it.
        other_command: a second one, where the action is a switch.
        minor: whether it only moves or types something, so that it is found and not listed.
    """

    words: str
    subject: Subject
    bindings: tuple[str, ...] = ()
    command: str = ""
    argument: str = ""
    other_command: str = ""
    minor: bool = False

    @property
    def name(self) -> str:
        """Name of the action, by which the palette remembers it."""
        return self.bindings[0] if self.bindings else f"/{self.command} {self.argument}".rstrip()


_SHARED: Final = (
    Action("Stop", "Talk", ("conversation.stop",)),
    Action("Edit a prompt and ask again", "Talk", ("transcript.edit",), "edit"),
    Action("Answer again", "Talk", ("transcript.regenerate",), "regenerate"),
    Action("Go on in a session of its own", "Talk", ("transcript.fork",), "fork"),
    Action("Copy the answer", "Talk", ("transcript.copy",), "copy", "answer"),
    Action("Copy its code", "Talk", ("transcript.copy-code",), "copy", "code"),
    Action("Copy the last prompt", "Talk", (), "copy", "prompt"),
    Action("Open thoughts, or fold them", "Talk", ("transcript.thoughts", "conversation.thoughts")),
    Action("Find in the conversation", "Talk", ("transcript.find",), "find"),
    Action("Back to the word that is heard", "Talk", ("conversation.voice", "transcript.voice")),
    Action("New pane", "Talk", ("conversation.new-pane",), "new"),
    Action("Close the pane", "Talk", ("conversation.close-pane",), "close"),
    Action("Go to a pane", "Talk", (), "pane"),
    Action("Send to all panes, or to one", "Talk", ("conversation.all",), "all"),
    Action("Another model", "Model", (), "model"),
    Action("Another provider", "Model", (), "provider"),
    Action("System prompt", "Model", (), "system"),
    Action("Temperature, seed and the like", "Model", (), "set"),
    Action("Another voice", "Voice", (), "voice"),
    Action("Speed of the voice", "Voice", (), "speed"),
    Action("Language of the voice", "Voice", (), "language"),
    Action("Speak again", "Voice", ("transcript.speak",), "speak"),
    Action(
        "Mute the pane, or let it be heard",
        "Voice",
        ("conversation.mute",),
        "mute",
        other_command="unmute",
    ),
    Action("Keep the sound here, or let it follow", "Voice", ("conversation.pin-sound",), "sound"),
    Action("History", "Session", ("conversation.history",), "history"),
    Action("Title of the session", "Session", (), "title"),
    Action("Export the session", "Session", ("session.export",), "export"),
    Action("Latency", "Session", ("conversation.latency",)),
    Action("Panes beside or below each other", "Screen", ("conversation.turn-panes",)),
    Action("Settings", "Screen", ("app.settings",), "settings"),
    Action("Help", "Screen", ("app.help",), "help"),
    Action("Quit", "Screen", ("app.quit",), "quit"),
)


_MINOR: Final = re.compile(
    r"prompt\.(?!send)|transcript\.(next|before|down|up|home|follow|hit|end)|find\.|search\."
    r"|list\.(?!mark)|session\.(tenth|.*-little)|latency\.(up|down)|events\.(?!open)|(settings|choice)\.\w*(next|before)"
)


def _with_the_other_bindings(rows: tuple[Action, ...]) -> tuple[Action, ...]:
    named = {binding_id for row in rows for binding_id in row.bindings} | NOT_IN_PALETTE
    others = [
        Action(
            binding.description,
            group.subject,
            (binding.id,),
            minor=_MINOR.match(binding.id) is not None,
        )
        for group in BINDING_GROUPS
        for binding in group.bindings
        if binding.id and binding.id not in named
    ]
    return tuple(row for subject in SUBJECTS for row in (*rows, *others) if row.subject == subject)


ACTIONS: Final = _with_the_other_bindings(_SHARED)
"""All actions, subject by subject."""

_USAGES: Final = {command.name: command.argument_words for command in COMMANDS}


def required_argument(action: Action) -> str:
    """Words for the argument without which the action's command does nothing, else empty."""
    words = "" if action.argument else _USAGES.get(action.command, "")
    return "" if words.startswith("[") else words

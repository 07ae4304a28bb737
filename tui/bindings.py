"""Bindings of all screens and widgets as data: id, keys, action, words, and the group in help.

Screens and widgets take their `BINDINGS` from here; help, docs/keys.md, the settings of keys and
the check of `[keys]` in config.toml read the same rows. This module imports no screen, so whoever
lists all keys does not import every screen.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from textual.binding import Binding

from gramophone.core.frozen import frozen

# How a key finds its action (Textual's `App.on_event`, `App._check_bindings`):
#
# 1. Bindings with `priority`, from the app down to the widget that has the focus.
# 2. The focused widget's own handlers (`on_key`), which may stop the key; a text field takes
#    printable characters here.
# 3. If nobody stopped it, the other bindings, from the focused widget up to the app, or up to a
#    modal screen, which hides what is below it. Characters that a field would take
#    (`check_consume_key`) are left out of the bindings of its parents.
#
# In 1 and 3 a binding whose `check_action` is not true is passed over, so one key may do several
# things in turn: Esc closes the prompt's list of completions, and else stops the answer. A screen
# that must win over the widget in focus needs `priority`, as a screen does that has F6 while a text
# field has it too.
#
# `show` is about the footer alone; palette, help and settings have every binding that has an id.
# An id is public, because config.toml changes keys by it: it stays when action or words change.

CONVERSATION: Final = (
    Binding("escape", "stop", "Stop", id="conversation.stop"),
    Binding("f2,ctrl+r", "history", "History", id="conversation.history"),
    Binding("f3", "new_pane", "New pane", id="conversation.new-pane", show=False),
    Binding("f4", "close_pane", "Close the pane", id="conversation.close-pane", show=False),
    Binding("f5", "go_pane(1)", "Next pane", id="conversation.next-pane", show=False),
    # Terminals send Shift+F5 as F17.
    Binding(
        "shift+f5,f17", "go_pane(-1)", "Pane before", id="conversation.previous-pane", show=False
    ),
    # With priority: an editor has F6 and F7 for selections, and the prompt is one.
    Binding(
        "f6",
        "to_all",
        "Send to all panes, or to one",
        id="conversation.all",
        show=False,
        priority=True,
    ),
    Binding(
        "f7",
        "pin_sound",
        "Keep the sound here, or let it follow",
        id="conversation.pin-sound",
        show=False,
        priority=True,
    ),
    Binding("f8", "mute", "Mute the pane, or let it be heard", id="conversation.mute", show=False),
    Binding(
        "f9",
        "turn_panes",
        "Panes beside or below each other",
        id="conversation.turn-panes",
        show=False,
    ),
    Binding(
        "ctrl+g", "voice", "Back to the word that is heard", id="conversation.voice", show=False
    ),
    Binding("ctrl+l", "latency", "Latency", id="conversation.latency", show=False),
    Binding(
        "ctrl+t",
        "thoughts",
        "Open the last thoughts, or fold them",
        id="conversation.thoughts",
        show=False,
    ),
)

PROMPT: Final = (
    Binding("enter", "send", "Send", id="prompt.send"),
    Binding(
        "alt+enter,ctrl+j,shift+enter",
        "newline",
        "New line",
        id="prompt.newline",
        key_display="Alt+Enter",
    ),
    Binding("tab", "take", "Complete", id="prompt.take"),
    Binding("escape", "close_list", "Close", id="prompt.close-list"),
    Binding("up", "cursor_up", "Earlier prompt", id="prompt.earlier", show=False),
    Binding("down", "cursor_down", "Later prompt", id="prompt.later", show=False),
    Binding("pageup", "scroll_pages(-1)", "Read above", id="prompt.page-up", show=False),
    Binding("pagedown", "scroll_pages(1)", "Read on", id="prompt.page-down", show=False),
    Binding(
        "end,ctrl+e",
        "cursor_line_end",
        "End of line, then of the conversation",
        id="prompt.end",
        show=False,
    ),
)

TRANSCRIPT: Final = (
    Binding("j", "next_turn", "Next turn", id="transcript.next", show=False),
    Binding("k", "turn_before", "Turn before", id="transcript.before", show=False),
    Binding("down", "scroll_down", "Scroll down", id="transcript.down", show=False),
    Binding("up", "scroll_up", "Scroll up", id="transcript.up", show=False),
    Binding("home,g", "scroll_home", "Go to the beginning", id="transcript.home", show=False),
    Binding("end,G", "follow", "Follow the end", id="transcript.follow", show=False),
    Binding("b", "voice", "Follow the voice", id="transcript.voice", show=False),
    Binding("slash", "find", "Find", id="transcript.find", show=False),
    Binding("n", "next_hit(1)", "Next hit", id="transcript.next-hit", show=False),
    Binding("N", "next_hit(-1)", "Hit before", id="transcript.hit-before", show=False),
    Binding("escape", "end_find", "End the search", id="transcript.end-find", show=False),
    Binding("y,enter", "copy_turn", "Copy", id="transcript.copy", show=False),
    Binding("c", "copy_code", "Copy code", id="transcript.copy-code", show=False),
    Binding("t", "thoughts", "Open thoughts, or fold them", id="transcript.thoughts", show=False),
    Binding("e", "want('edit')", "Edit", id="transcript.edit", show=False),
    Binding("r", "want('regenerate')", "Answer again", id="transcript.regenerate", show=False),
    Binding("f", "want('fork')", "Go on from here", id="transcript.fork", show=False),
    Binding("s", "want('speak')", "Speak again", id="transcript.speak", show=False),
)

FIND: Final = (
    Binding("enter,down", "submit", "To the hits", id="find.done"),
    Binding("escape", "close", "Close", id="find.close"),
)

HISTORY: Final = (
    Binding("r", "replay", "Replay", id="history.replay"),
    Binding("o", "continue", "Continue", id="history.continue"),
    # A priority: what is typed right after it must not go to the list.
    Binding("slash", "search", "Search", id="history.search", priority=True),
    Binding("n", "rename", "Rename", id="history.rename", show=False),
    Binding("T", "name_by_model", "Title by the model", id="history.title", show=False),
    Binding("t", "tag", "Tags", id="history.tag", show=False),
    Binding("p", "pin", "Pin", id="history.pin", show=False),
    Binding("a", "archive", "Archive", id="history.archive", show=False),
    Binding("e", "export", "Export", id="history.export", show=False),
    Binding("d,delete", "delete", "Delete", id="history.delete"),
    Binding("u", "undo", "Undo", id="history.undo", show=False),
    Binding("escape", "leave", "Back", id="history.leave"),
)

SESSION_SEARCH: Final = (Binding("enter,down", "submit", "To the list", id="search.done"),)

SESSION_LIST: Final = (
    Binding("enter", "select", "Open", id="list.open"),
    Binding("j", "cursor_down", "Next session", id="list.next", show=False),
    Binding("k", "cursor_up", "Session before", id="list.before", show=False),
    Binding("g,home", "first", "First session", id="list.first", show=False),
    Binding("G,end", "last", "Last session", id="list.last", show=False),
    Binding("m,space", "mark", "Mark", id="list.mark", show=False),
    Binding("asterisk,ctrl+a", "mark_all", "Mark all", id="list.mark-all", show=False),
    Binding("shift+down,J", "extend(1)", "Mark the next too", id="list.extend", show=False),
    Binding("shift+up,K", "extend(-1)", "Mark the one before", id="list.extend-up", show=False),
    Binding("v", "one_line", "One line a session, or more", id="list.one-line", show=False),
)

PROGRESS: Final = (Binding("escape", "stop", "Stop", id="progress.stop"),)

SESSION: Final = (
    Binding("space", "play_pause", "Play", id="session.play"),
    Binding("escape", "stop_or_leave", "Back", id="session.stop"),
    # Before the transcript's own, which would scroll sideways if there were anywhere to go.
    Binding("right", "skip(5)", "On 5 s", id="session.on", show=False, priority=True),
    Binding("left", "skip(-5)", "Back 5 s", id="session.back", show=False, priority=True),
    Binding("shift+right", "skip(1)", "On 1 s", id="session.on-little", show=False),
    Binding("shift+left", "skip(-1)", "Back 1 s", id="session.back-little", show=False),
    Binding("right_square_bracket", "next_turn", "Next turn", id="session.next-turn", show=False),
    Binding(
        "left_square_bracket",
        "turn_before",
        "Turn before",
        id="session.turn-before",
        show=False,
    ),
    *(
        Binding(str(n), f"tenth({n})", f"Go to {10 * n} %", id=f"session.tenth-{n}", show=False)
        for n in range(10)
    ),
    Binding("greater_than_sign,plus", "speed(1)", "Faster", id="session.faster"),
    Binding("less_than_sign,minus", "speed(-1)", "Slower", id="session.slower", show=False),
    Binding("i", "skip_silence", "Skip silence, or not", id="session.silence", show=False),
    Binding("l", "loop", "Loop this turn, or not", id="session.loop", show=False),
    Binding("h", "hear", "Hear this turn", id="session.hear", show=False),
    Binding("e", "export", "Export", id="session.export"),
    Binding("o", "continue", "Continue", id="session.continue", show=False),
    Binding("w", "latency", "Latency", id="session.latency", show=False),
    Binding("v", "timeline", "Timeline", id="session.timeline", show=False),
)

LATENCY: Final = (
    Binding("left_square_bracket", "answer(-1)", "Before", id="latency.before"),
    Binding("right_square_bracket", "answer(1)", "After", id="latency.next"),
    Binding("c", "compare", "Compare", id="latency.compare"),
    Binding("z", "whole", "Whole", id="latency.whole"),
    Binding("plus,equals_sign", "zoom_in", "Nearer", id="latency.nearer", show=False),
    Binding("minus", "zoom_out", "Farther", id="latency.farther", show=False),
    Binding("0", "fit", "Fit", id="latency.fit", show=False),
    Binding("left,h", "pan(-1)", "See earlier", id="latency.earlier", show=False),
    Binding("right,l", "pan(1)", "See later", id="latency.later", show=False),
    Binding("v", "timeline", "Timeline", id="latency.timeline", show=False),
    Binding("escape", "leave", "Back", id="latency.leave"),
)

LATENCY_CHART: Final = (
    Binding("down,j", "move(1)", "Next row", id="latency.down", show=False),
    Binding("up,k", "move(-1)", "Row before", id="latency.up", show=False),
)

TIMELINE: Final = (
    Binding("slash", "filter", "Filter", id="timeline.filter"),
    Binding("t", "time", "Time", id="timeline.time"),
    Binding("y", "copy", "Copy", id="timeline.copy"),
    Binding("escape", "leave", "Back", id="timeline.leave"),
)

EVENT_TABLE: Final = (
    Binding("enter", "open", "Open", id="events.open"),
    Binding("down,j", "move(1)", "Next event", id="events.down", show=False),
    Binding("up,k", "move(-1)", "Event before", id="events.up", show=False),
    Binding("pagedown,ctrl+d", "page(1)", "Page down", id="events.page-down", show=False),
    Binding("pageup,ctrl+u", "page(-1)", "Page up", id="events.page-up", show=False),
    Binding("home,g", "edge(0)", "First event", id="events.first", show=False),
    Binding("end,G", "edge(-1)", "Last event", id="events.last", show=False),
)

EVENT: Final = (
    Binding("y", "copy", "Copy", id="event.copy"),
    Binding("escape,q,enter", "leave", "Close", id="event.leave"),
)

EXPORT_PATH: Final = (Binding("enter", "submit", "Write", id="export.write"),)

EXPORT: Final = (
    Binding("tab", "change_form(1)", "Form", id="export.kind"),
    Binding("shift+tab", "change_form(-1)", "Form before", id="export.kind-before", show=False),
    Binding("ctrl+t", "change_scope", "Turn", id="export.scope"),
    Binding("ctrl+g", "change_pauses", "Pauses", id="export.pauses"),
    Binding("escape", "leave", "Cancel", id="export.leave"),
)

SETTING_LIST: Final = (
    Binding("enter,space", "select", "Change", id="settings.change"),
    # Here and not on the screen: the list would take them to scroll.
    Binding("right,l", "screen.turn(1)", "Next page", id="settings.page-next"),
    Binding("left,h", "screen.turn(-1)", "Page before", id="settings.page-before", show=False),
    Binding("j", "cursor_down", "Next setting", id="settings.next", show=False),
    Binding("k", "cursor_up", "Setting before", id="settings.before", show=False),
)

SETTINGS: Final = (
    Binding("d,backspace,delete", "usual", "Default", id="settings.usual"),
    Binding("s", "hear", "Say something", id="settings.hear"),
    Binding("escape", "leave", "Back", id="settings.leave"),
)

CHOICE_LIST: Final = (
    Binding("enter", "select", "Take", id="choice.take"),
    Binding("j", "cursor_down", "Next choice", id="choice.next", show=False),
    Binding("k", "cursor_up", "Choice before", id="choice.before", show=False),
)

CHOICE: Final = (
    Binding("s", "hear", "Say something", id="choice.hear"),
    Binding("escape", "leave", "Cancel", id="choice.leave"),
)

LINE_INPUT: Final = (Binding("enter", "submit", "Done", id="write.keep"),)

# With priority: a text area has Enter for a new line.
LINES_INPUT: Final = (
    Binding("enter", "keep", "Done", id="write.keep-lines", priority=True),
    Binding("alt+enter,ctrl+j", "newline", "New line", id="write.newline", priority=True),
)

TEXT_DIALOG: Final = (Binding("escape", "leave", "Cancel", id="write.leave"),)

PRESS_KEY: Final = (
    Binding("enter", "screen.keep", "Keep", id="press.keep"),
    Binding("escape", "screen.leave", "Cancel", id="press.leave"),
)

CONFIRM: Final = (
    Binding("y", "answer(True)", "Yes", id="confirm.yes"),
    Binding("n,escape", "answer(False)", "No, keep it", id="confirm.no"),
)

PALETTE_INPUT: Final = (
    Binding("enter", "submit", "Do it", id="palette.take"),
    Binding("down,ctrl+n", "screen.move(1)", "Next command", id="palette.next", show=False),
    Binding("up,ctrl+p", "screen.move(-1)", "Command before", id="palette.before", show=False),
    Binding("pagedown", "screen.page(1)", "Page down", id="palette.page-down", show=False),
    Binding("pageup", "screen.page(-1)", "Page up", id="palette.page-up", show=False),
)

PALETTE: Final = (Binding("escape", "leave", "Close", id="palette.leave"),)

HELP: Final = (Binding("escape,q", "leave", "Close", id="help.leave"),)

EVERYWHERE: Final = (
    Binding("f1", "help", "Help", id="app.help"),
    Binding("ctrl+q", "quit", "Quit", id="app.quit", priority=True),
    Binding("f10", "settings", "Settings", id="app.settings", show=False),
    Binding("f12", "picture", "Save a picture of the screen", id="app.picture", show=False),
    Binding("ctrl+p", "command_palette", "Commands", id="app.commands", show=False),
    Binding(
        "ctrl+c",
        "copy_or_quit",
        "Copy the selection; twice: quit",
        id="app.copy-or-quit",
        show=False,
        priority=True,
    ),
)


Subject: TypeAlias = Literal["Talk", "Model", "Voice", "Session", "Screen"]
"""Heading in the palette."""


@frozen
class BindingGroup:
    """Bindings of one place, as help, docs and settings list them together; in the palette they
    stand under their subject."""

    title: str
    bindings: tuple[Binding, ...]
    subject: Subject = "Screen"


BINDING_GROUPS: Final = (
    BindingGroup("Conversation", CONVERSATION, "Talk"),
    BindingGroup("Prompt", PROMPT, "Talk"),
    BindingGroup("Transcript", TRANSCRIPT, "Talk"),
    BindingGroup("Find", FIND, "Talk"),
    BindingGroup("History", HISTORY, "Session"),
    BindingGroup("Search of sessions", SESSION_SEARCH, "Session"),
    BindingGroup("List of sessions", SESSION_LIST, "Session"),
    BindingGroup("Progress", PROGRESS),
    BindingGroup("Session", SESSION, "Session"),
    BindingGroup("Latency", (*LATENCY, *LATENCY_CHART)),
    BindingGroup("Timeline", (*TIMELINE, *EVENT_TABLE)),
    BindingGroup("Event", EVENT),
    BindingGroup("Export", (*EXPORT_PATH, *EXPORT)),
    BindingGroup("Settings", (*SETTING_LIST, *SETTINGS)),
    BindingGroup("Choice", (*CHOICE_LIST, *CHOICE)),
    BindingGroup("Line or value", (*LINE_INPUT, *LINES_INPUT, *TEXT_DIALOG)),
    BindingGroup("Key", PRESS_KEY),
    BindingGroup("Question", CONFIRM),
    BindingGroup("Command palette", (*PALETTE_INPUT, *PALETTE)),
    BindingGroup("Help", HELP),
    BindingGroup("Everywhere", EVERYWHERE),
)
"""All bindings, in the order of help. The last group holds on every screen."""

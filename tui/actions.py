"""The one table of actions: footer, ``?``, palette, key remapping and docs/keys.md come from it.

The chart widgets say their own actions in a module constant ``ACTIONS``; they are collected here,
so that all keys meet in one place and a test can refuse clashes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.binding import Binding


@dataclass(frozen=True, slots=True)
class Action:
    """Something a key does. ``id`` is ``scope.name``, by which ``keys.toml`` remaps it.

    ``keys``: comma-separated Textual key names or characters. ``write``: refused when read-only.
    ``trial``: needs a selected trial. ``runner``: needs a living runner. ``footer``: how early it
    is shown in the key bar (0: not at all, 1: first). ``direct``: calls ``action_<name>`` of the
    widget itself, without the guard that explains why an action cannot be done.
    """

    id: str
    keys: str
    label: str
    tooltip: str
    write: bool = False
    trial: bool = False
    runner: bool = False
    footer: int = 0
    direct: bool = False
    priority: bool = False
    """Acts before the focused widget sees the key."""
    at_once: bool = False
    """Changes something at once, without a question or a window before it."""

    @property
    def scope(self) -> str:
        """The part of the program that the action belongs to."""
        return self.id.partition(".")[0]

    @property
    def name(self) -> str:
        """The action within its scope."""
        return self.id.partition(".")[2]


def _a(  # noqa: PLR0917 - a row of the table reads by its columns
    name: str, keys: str, label: str, tooltip: str, flags: str = "", footer: int = 0
) -> Action:
    """Return an action; ``flags``: write, trial, runner, direct, priority, at once by letter."""
    w, t, r, d, p, a = (letter in flags for letter in "wtrdpa")
    return Action(name, keys, label, tooltip, w, t, r, footer, d, p, a)


_TABLE: tuple[Action, ...] = (
    _a("app.help", "question_mark", "help", "Explain this pane and list its keys", "", 90),
    _a("app.palette", "colon,ctrl+p", "commands", "Find any action by typing its name", "", 91),
    _a("app.leave", "q,ctrl+q", "quit", "Leave the app; a running study keeps running", "", 92),
    _a("app.suspend", "ctrl+z", "suspend", "To the shell, `fg` comes back; undo in a text", "p"),
    _a("app.redraw", "ctrl+l", "redraw", "Draw the whole screen again, over other output", "p"),
    _a("app.picture", "I", "picture", "Save a picture of the screen as an SVG file"),
    _a("app.shade", "ctrl+t", "light/dark", "Switch between the light and the dark theme"),
    _a("studies.open", "enter", "open", "Open the study to watch or review it", "", 1),
    _a("studies.new", "n", "new", "Define a new study", "w", 2),
    _a("studies.filter", "slash", "filter", "Show only studies whose name contains a text", "", 5),
    _a("studies.copy", "c", "copy", "Define a new study, starting from this one's text", "w", 7),
    _a("studies.restart", "R", "start runner", "Start the runner of a study", "wa", 3),
    _a("studies.pause", "p", "pause/resume", "Pause the study, or resume it", "wra", 4),
    _a("studies.stop", "X", "stop", "Stop the study and end its trials", "w"),
    _a("studies.compare", "equals_sign", "compare", "Mark it, or compare with the marked", "", 6),
    _a("studies.mark", "space", "mark", "Mark the study to compare it, or unmark it"),
    _a("studies.archive", "A", "archive", "Move the study to .hpo/.archive (asks first)", "w", 8),
    _a("studies.delete", "D", "delete", "Delete the study for good (asks for its name)", "w", 9),
    _a("screen.back", "escape", "back", "Go back one step: close, then clear, then leave", "", 80),
    _a("watch.filter", "slash", "filter", "Show only trials that match an expression", "", 1),
    _a("watch.show_all", "u", "show all", "Remove the filter and all brushes", "", 12),
    _a("watch.versus", "V", "compare groups", "Compare the trials shown with others"),
    _a("watch.freeze", "space", "freeze", "Freeze the display; the study keeps running"),
    _a("watch.zoom", "z", "zoom", "Show one pane on the whole screen, and back", "", 11),
    _a("watch.trials", "a", "all trials", "List all trials, with columns of your choice", "", 2),
    _a("watch.next_pane", "tab", "next pane", "Go to the next pane"),
    _a("watch.last_pane", "shift+tab", "previous pane", "Go to the previous pane"),
    _a("watch.parallel", "0", "parallel", "Go to the parallel coordinates"),
    _a("watch.tab_1", "1", "history", "Results by trial number or by cost"),
    _a("watch.tab_2", "2", "pareto", "Two objectives against each other"),
    _a("watch.tab_3", "3", "curves", "Learning curves"),
    _a("watch.tab_4", "4", "importance", "Which parameters matter"),
    _a("watch.tab_5", "5", "tasks", "How much the cheap tasks tell"),
    _a("watch.tab_6", "6", "log", "The selected trial's output"),
    _a("watch.tab_7", "7", "events", "What happened in the study, and why"),
    _a("watch.tab_8", "8", "devices", "What each GPU does, and when each trial ran"),
    _a("watch.tab_9", "9", "slices", "Predicted metrics along one parameter or over two"),
    _a("study.pause", "p", "pause/resume", "Start no new trials, or resume the study", "wra", 8),
    _a("study.stop", "X", "stop study", "Stop the study and end its trials", "w"),
    _a("study.start", "R", "start runner", "Start the study's runner if it has none", "wa"),
    _a("study.extend", "plus", "extend", "Increase the budget", "w"),
    _a("study.edit", "e", "edit", "Edit the study; the edit is checked first", "w"),
    _a("study.review", "w", "review", "Say in words what came of the study, and what next"),
    _a("study.analyse", "A", "analyse", "Compute slices and maps where no runner does", "w"),
    _a("study.lend", "L", "lend GPU", "Free a GPU for others, or take it back", "wr"),
    _a("study.narrow", "N", "narrow", "Narrow the space to the brushed ranges", "w"),
    _a("study.refine", "B", "refine", "Run configurations inside the brushes", "w"),
    _a("study.star_shown", "ampersand", "star shown", "Star all trials that are shown", "wa"),
    _a("trial.open", "o", "open trial", "Open the trial's own screen", "t"),
    _a("trial.mark", "equals_sign", "compare", "Mark two trials to compare them", "t"),
    _a("trial.kill", "x", "kill", "Stop the trial: SIGTERM, then SIGKILL", "wt", 4),
    _a("trial.retry", "r", "retry", "Run the trial again", "wta", 5),
    _a("trial.promote", "P", "promote", "Run it at a more expensive task", "wta", 6),
    _a("trial.enqueue", "E", "enqueue copy", "Run an edited copy of its configuration", "wt"),
    _a("trial.confirm", "C", "confirm", "Run it again with other seeds", "wt"),
    _a("trial.star", "asterisk", "star", "Star the trial, or remove the star", "wta", 7),
    _a("trial.tag", "t", "tag", "Edit its tags", "wt"),
    _a("trial.note", "n", "note", "Write a note about it", "wt"),
    _a("trial.copy", "y", "copy", "Copy the command that runs it again", "t", 9),
    _a("trial.copy_json", "Y", "copy JSON", "Copy the trial as JSON", "t"),
    _a("table.cursor_down", "down,j", "down", "Next row", "d"),
    _a("table.cursor_up", "up,k", "up", "Previous row", "d"),
    _a("table.page_down", "pagedown,ctrl+d", "page down", "One page down", "d"),
    _a("table.page_up", "pageup,ctrl+u", "page up", "One page up", "d"),
    _a("table.top", "home,g", "top", "First row", "d"),
    _a("table.bottom", "end,G", "bottom", "Last row", "d"),
    _a("table.left", "left,h", "left", "Scroll columns to the left", "d"),
    _a("table.right", "right,l", "right", "Scroll columns to the right", "d"),
    _a("table.sort", "s", "sort", "Sort by the next column (All trials: choose it)", "d", 13),
    _a("table.reverse", "S", "reverse", "Reverse the order", "d"),
    _a("table.activate", "enter", "open", "Open the row", "d", 1),
    _a("trials.columns", "c", "columns", "Choose the columns", "", 3),
    _a("events.kinds", "c", "kinds", "Choose which kinds of events are listed", "d", 3),
    _a("compare.metric", "m", "metric", "Show the next metric or measure", "", 1),
    _a("compare.turn", "z", "curves/table", "Show the curves, the table, or both", "", 2),
    _a("define.add", "a", "add", "Add a parameter, metric or task here", "w", 4),
    _a("define.duplicate", "d", "duplicate", "Add a copy of the item below it", "w", 8),
    _a("define.remove", "D,delete", "remove", "Remove the item; undo brings it back", "w", 7),
    _a("define.move_down", "J", "move down", "Move the item one place down", "w"),
    _a("define.move_up", "K", "move up", "Move the item one place up", "w"),
    _a("define.undo", "u", "undo", "Undo the last change", "w", 9),
    _a("define.redo", "U", "redo", "Redo the change that was undone", "w"),
    _a("define.side", "f6", "form/text", "Switch between the form and the TOML text", "p", 3),
    _a("define.preview", "v", "preview", "Sample configurations, and what the budget buys", "", 6),
    _a("define.try_one", "T", "try one", "Run one trial at the cheapest task", "", 5),
    _a("define.editor", "e", "$EDITOR", "Edit the text in your own editor ($EDITOR)", "w", 10),
    _a("define.save", "ctrl+s", "save", "Save the study file; a running study applies it", "w", 1),
    _a("define.launch", "L", "launch", "Save and start the study", "wa", 2),
    _a("sheet.curve", "3", "curve", "Show the learning curve, if both do not fit"),
    _a("sheet.log", "6", "log", "Show the log, if both do not fit"),
    _a("sheet.next", "full_stop", "next trial", "Go to the next trial of the table"),
    _a("sheet.previous", "comma", "previous trial", "Go to the previous trial of the table"),
    _a("log.follow", "f", "follow", "Follow the end of the log as it grows", "d", 2),
    _a("log.search", "slash", "search", "Find text in the log", "d", 1),
    _a("log.next_match", "n", "next match", "Go to the next match", "d", 3),
    _a("log.previous_match", "N", "previous match", "Go to the previous match", "d"),
    _a("log.end_search", "escape", "end search", "End the search", "d", 4),
    _a("log.cursor_down", "down,j", "down", "One line down", "d"),
    _a("log.cursor_up", "up,k", "up", "One line up", "d"),
    _a("log.page_down", "pagedown,ctrl+d", "page down", "One page down", "d"),
    _a("log.page_up", "pageup,ctrl+u", "page up", "One page up", "d"),
    _a("log.top", "home,g", "top", "First line", "d"),
    _a("log.bottom", "end,G", "bottom", "Last line", "d"),
    _a("log.left", "left,h", "left", "Scroll to the left", "d"),
    _a("log.right", "right,l", "right", "Scroll to the right", "d"),
    _a("filter.close", "escape", "close", "Close the line and keep the filter", "d", 1),
    _a("filter.complete", "tab", "complete", "Complete with the first suggestion", "d", 2),
    _a("confirm.yes", "y", "yes", "Do it", "d"),
    _a("confirm.no", "n,escape", "no", "Do not do it", "d"),
    _a("dialog.leave", "escape", "leave", "Close without an answer", "d"),
    _a("dialog.take", "f2,ctrl+s", "take it", "Accept the text", "d"),
    _a("dialog.tick", "space", "tick", "Tick the entry, or untick it", "d"),
    _a("dialog.up", "K", "move up", "Move the entry up", "d"),
    _a("dialog.down", "J", "move down", "Move the entry down", "d"),
    _a("text.leave", "escape,enter", "close", "Close the text", "d"),
    _a("text.copy", "y", "copy", "Copy the text", "d"),
    _a("text.down", "down,j", "down", "Scroll down", "d"),
    _a("text.up", "up,k", "up", "Scroll up", "d"),
    _a("text.page_down", "pagedown,ctrl+d,space", "page down", "Scroll a page down", "d"),
    _a("text.page_up", "pageup,ctrl+u", "page up", "Scroll a page up", "d"),
    _a("help.leave", "escape", "close", "Close the help", "d"),
    _a("help.down", "down", "down", "Scroll down", "d"),
    _a("help.up", "up", "up", "Scroll up", "d"),
    _a("help.page_down", "pagedown", "page down", "Scroll a page down", "d"),
    _a("help.page_up", "pageup", "page up", "Scroll a page up", "d"),
)  # fmt: skip

CHARTS: dict[str, str] = {
    name: f"hpo_tui.tui.widgets.{name}"
    for name in (
        "parallel", "history", "pareto", "curves", "importance", "tasks", "devices", "slices",
        "cost_bar",
    )
}  # fmt: skip
"""Scope → module of the chart widgets. ``ACTIONS`` of each: (id, keys, label, tooltip)."""

CHART_KEYS: tuple[str, ...] = (
    "parallel.brush", "parallel.brush_shrink", "parallel.brush_grow", "parallel.choose",
    "history.metric", "history.across", "history.log", "pareto.pair", "pareto.partial",
    "curves.metric", "curves.log", "curves.alone", "importance.task", "importance.metric",
    "devices.earlier", "devices.later", "slices.next", "slices.map", "slices.metric",
    "slices.log",
)  # fmt: skip
"""What the key bar shows of a chart that has the focus, in this order."""

SCOPES: dict[str, str] = {
    "app": "Everywhere",
    "screen": "Every screen but the first",
    "studies": "Studies",
    "watch": "Watch",
    "study": "The study (Watch, All trials, Trial)",
    "trial": "The selected trial (Watch, All trials, Trial)",
    "table": "Tables",
    "trials": "All trials",
    "compare": "Compare",
    "sheet": "Trial",
    "log": "Log",
    "events": "Events",
    "define": "Define",
    "filter": "The filter line",
    "confirm": "Questions",
    "dialog": "Small windows",
    "text": "Long texts",
    "help": "Help",
    "parallel": "Parallel coordinates",
    "history": "History",
    "pareto": "Pareto",
    "curves": "Curves",
    "importance": "Importance",
    "tasks": "Tasks",
    "devices": "Devices",
    "slices": "Slices",
    "cost_bar": "Cost bar",
}
"""Scope → heading, in the order of the help and docs/keys.md."""

_BY_SCOPE: dict[str, tuple[Action, ...]] = {
    scope: tuple(a for a in _TABLE if a.scope == scope) for scope in SCOPES
}


@cache
def actions_of(scope: str) -> tuple[Action, ...]:
    """Return the actions of ``scope``; a chart's module is imported for its own."""
    if scope not in CHARTS:
        return _BY_SCOPE[scope]
    said = import_module(CHARTS[scope]).ACTIONS
    return tuple(
        Action(
            id, key, label, tooltip, direct=True,
            footer=CHART_KEYS.index(id) + 1 if id in CHART_KEYS else 0,
        )
        for id, key, label, tooltip in said  # noqa: A001 - the word for it
    )  # fmt: skip


def all_actions() -> Iterator[Action]:
    """Every action of the program, by scope."""
    for scope in SCOPES:
        yield from actions_of(scope)


@cache
def action(id: str) -> Action:  # noqa: A002 - the word for it
    """Return the action called ``id``; KeyError if there is none."""
    for found in actions_of(id.partition(".")[0]):
        if found.id == id:
            return found
    raise KeyError(id)


def bindings(*scopes: str, only: tuple[str, ...] = ()) -> list["Binding"]:
    """Return Textual's bindings for the actions of ``scopes``, remappable by their ids.

    ``only``: names of the actions wanted, all when empty.
    """
    from textual.binding import Binding

    return [
        Binding(
            a.keys,
            a.name if a.direct else f"do('{a.id}')",
            a.label,
            show=a.footer > 0,
            priority=a.priority,
            tooltip=a.tooltip,
            id=a.id,
        )
        for scope in scopes
        for a in actions_of(scope)
        if not only or a.name in only
    ]

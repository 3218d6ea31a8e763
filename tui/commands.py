"""What the palette lists: every command of a screen and its panes, also those that must wait."""

import inspect
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from textual import events, on
from textual.app import ComposeResult, SystemCommand
from textual.await_complete import AwaitComplete
from textual.command import CommandList, CommandPalette, DiscoveryHit, Hit, Hits
from textual.content import Content
from textual.errors import NoWidget
from textual.screen import Screen
from textual.system_commands import SystemCommandsProvider
from textual.widget import Widget
from textual.widgets import OptionList

from hpo_tui.tui.actions import SCOPES, Action, actions_of
from hpo_tui.tui.keys import spell_keys
from hpo_tui.tui.panes import TABS, focused_scopes, in_sight
from hpo_tui.tui.words.plain import plain

if TYPE_CHECKING:
    from hpo_tui.tui.study_app import StudyApp


class _Found(CommandList):
    """The commands found, which can become fewer while a click on one of them is on its way."""

    def on_click(self, event: events.Click) -> None:
        """Leave out a click on what is not there any more, where Textual would break."""
        clicked = event.style.meta.get("option")
        if clicked is not None and clicked >= self.option_count:
            event.prevent_default()


class Palette(CommandPalette):
    """The command palette; also that of the themes."""

    def compose(self) -> ComposeResult:
        """Lay out as Textual does, with a list of our own."""
        for part in super().compose():
            yield _Found() if isinstance(part, CommandList) else part

    def on_click(self, event: events.Click) -> None:
        """Leave out a click on a place that a smaller terminal has no more."""
        try:
            self.get_widget_at(event.screen_x, event.screen_y)
        except NoWidget:
            event.prevent_default()

    @on(OptionList.OptionSelected)
    def _choose_once(self, event: OptionList.OptionSelected) -> None:
        """Let a second click on a command not do it once more."""
        if not self.is_current:
            event.stop()
            event.prevent_default()

    def dismiss(self, result: None = None) -> AwaitComplete:
        """Close, once: see :meth:`SmallWindow.dismiss`."""
        return super().dismiss(result) if self.is_current else AwaitComplete()

    def _action_command_list(self, action: str) -> None:
        """Move in the list; Textual cannot page through one that has not been laid out."""
        with suppress(KeyError):
            super()._action_command_list(action)


class WaitingCommand(SystemCommand):
    """A command that cannot act now; its help says why."""


class Commands(SystemCommandsProvider):
    """Offers the app's commands to the palette, those that must wait dimmed."""

    async def discover(self) -> Hits:
        """Yield what is listed before anything is typed."""
        found = sorted(self.app.get_system_commands(self.screen), key=lambda c: c.title)
        for command in (c for c in found if c.discover):
            title = _dimmed(Content(command.title), command)
            yield DiscoveryHit(title, command.callback, command.title, command.help)

    async def search(self, query: str) -> Hits:
        """Yield what fits the words typed."""
        matcher = self.matcher(query)
        for command in self.app.get_system_commands(self.screen):
            score = matcher.match(command.title)
            if score > 0:
                title = _dimmed(matcher.highlight(command.title), command)
                yield Hit(score, title, command.callback, command.title, command.help)


def _dimmed(title: Content, command: SystemCommand) -> Content:
    return title.stylize("dim") if isinstance(command, WaitingCommand) else title


def commands(app: "StudyApp", screen: Screen[Any]) -> Iterator[SystemCommand]:
    """Yield the actions of the screen and of everywhere, then those of the panes.

    One that cannot act now says why in its second line, and again when it is chosen.
    """
    unavailable = getattr(screen, "unavailable", lambda _: "")
    for scope in (*getattr(screen, "SCOPES", ()), "app"):
        node: Any = app if scope == "app" else screen
        for found in actions_of(scope):
            if found.id != "app.palette":
                why = unavailable(found)
                yield _command(app, found, why, partial(node.action_do, found.id))
    for scope, pane in _panes(screen):
        for found in actions_of(scope):
            why = "" if pane is not None else _out_of_sight(scope)
            if pane is None or pane.check_action(found.name, ()):
                act = getattr(pane, f"action_{found.name}", partial(_tell, app, why))
                yield _command(app, found, why, act, SCOPES[scope])


def _command(app: "StudyApp", found: Action, why: str, act: Any, pane: str = "") -> SystemCommand:
    keys = spell_keys(app.settings.keys.get(found.id, found.keys))
    said = f"not now: {plain(why)}" if why else found.tooltip
    where = f"{pane}: " if pane else ""
    kind = WaitingCommand if why else SystemCommand
    return kind(
        f"{found.label}   {keys}",
        escape(f"{where}{said} ({found.id})"),
        lambda: app.run_worker(_done(act)),
        discover=not pane,  # the keys of panes are many: they are there to be found
    )


async def _done(act: Any) -> None:
    result = act()
    if inspect.isawaitable(result):
        await result


def _tell(app: "StudyApp", why: str) -> None:
    app.notify(plain(why), severity="warning", markup=False)


def _panes(screen: Screen[Any]) -> Iterator[tuple[str, Widget | None]]:
    """Yield the scopes of the panes with the widget that acts, None where it is not in sight."""
    focused, known = screen.focused, set(getattr(screen, "SCOPES", ()))
    own = focused_scopes(screen)
    for scope in own:
        if scope in SCOPES and scope not in known:
            yield scope, focused
    for scope in getattr(screen, "PANES", ()):
        if scope not in own:
            found = next(iter(screen.query(f"#{scope}")), None)
            yield scope, found if found is not None and in_sight(found) else None


def _out_of_sight(scope: str) -> str:
    tab = next((i for i, place in enumerate(TABS, 1) if place.name == scope), None)
    id_ = "watch.parallel" if scope == "parallel" else f"watch.tab_{tab}"
    keys = next((spell_keys(a.keys) for a in actions_of("watch") if a.id == id_), "Tab")
    return f"{SCOPES[scope]} is not visible: {keys} shows it."

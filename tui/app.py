"""The app: screens, keys, palette. No logic of studies."""

import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from textual.app import SystemCommand
from textual.binding import BindingType
from textual.command import Provider, SearchIcon
from textual.driver import Driver
from textual.screen import Screen
from textual.theme import ThemeProvider

from hpo_tui.store.file_errors import in_words
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import StudyState
from hpo_tui.tui.actions import action, bindings
from hpo_tui.tui.config import Settings
from hpo_tui.tui.messages import StudySaved
from hpo_tui.tui.study_app import NO_STUDY, StudyApp
from hpo_tui.tui.tables.groups import Group
from hpo_tui.tui.themed_app import ThemedApp
from hpo_tui.tui.watching.live import LiveStudy
from hpo_tui.tui.words.plain import plain

STYLES = Path(__file__).parent / "styles"


def _palette() -> type[Provider]:
    from hpo_tui.tui.commands import Commands

    return Commands


class HpoApp(ThemedApp):
    """The experiment dashboard."""

    TITLE = "hpo-tui"
    CSS_PATH: ClassVar[Any] = sorted(str(p) for p in STYLES.glob("*.tcss"))
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("app")]
    ENABLE_COMMAND_PALETTE = True
    COMMANDS: ClassVar[Any] = {_palette}

    farewell: str = ""
    """What is printed when the screens are gone."""

    def __init__(
        self,
        home: Path | None,
        study: StudyFolder | None = None,
        *,
        ascii_only: bool = False,
        readonly: bool = False,
        settings: Settings | None = None,
        clock: Callable[[], float] = time.time,
        file: Path | None = None,
        colours: bool = True,
    ) -> None:
        super().__init__(
            home,
            readonly=readonly,
            settings=settings,
            clock=clock,
            ascii_only=ascii_only,
            colours=colours,
        )
        self.first_study = study
        self.first_file = file
        """The study file that is opened in the editor, over the list of studies."""
        self.animation_level = "none"
        self.set_keymap(self.settings.keys)

    def on_mount(self) -> None:
        """Open what was asked for, and tell what was wrong with the user's files."""
        self.entitle(NO_STUDY)
        self.screen_change_signal.subscribe(self, self.draw_anew, immediate=True)
        if self.first_study is not None:
            self.open_study(self.first_study)
        else:
            self.show_studies()
        if self.first_file is not None:
            from hpo_tui.tui.editing import edit_file

            edit_file(self, self.first_file)
        self.hold_keys()
        for fault in filter(None, (*self.settings.faults, self.theme_fault())):
            self.notify(plain(fault), severity="warning", markup=False, timeout=10)

    # the ways between the screens

    def show_studies(self) -> None:
        """Open the list of studies."""
        from hpo_tui.tui.screens.studies import Studies

        self.push_screen(Studies())

    def open_study(self, folder: StudyFolder) -> None:
        """Open a study's Watch."""
        from hpo_tui.tui.screens.watch import Watch

        live = self.open_live(folder)
        self.push_screen(Watch(live))
        self.start_watching(live)

    def go_back(self) -> None:
        """Leave the screen on top; from Watch to the studies."""
        from hpo_tui.tui.screens.watch import Watch

        if isinstance(self.screen, Watch):
            self.close_study()
        # The first screen of the stack is Textual's own empty one.
        if len(self.screen_stack) > 1:
            self.pop_screen()
        if len(self.screen_stack) == 1:
            self.show_studies()

    def open_trial(self, live: LiveStudy, number: int) -> None:
        """Open a trial's own screen."""
        from hpo_tui.tui.screens.trial import TrialScreen

        live.select(number)
        if isinstance(self.screen, TrialScreen):
            self.screen.turn_to(number)
        else:
            self.push_screen(TrialScreen(live, number))

    def open_trials(self, live: LiveStudy) -> None:
        """Open the table of all trials."""
        from hpo_tui.tui.screens.trials import Trials

        self.push_screen(Trials(live))

    def compare_trials(self, live: LiveStudy, first: int, second: int) -> None:
        """Open two trials side by side."""
        from hpo_tui.tui.screens.compare_trials import CompareTrials

        self.clear_notifications()  # that one waits for another holds no longer
        self.push_screen(CompareTrials(live, first, second))

    def compare_groups(self, live: LiveStudy, first: Group, second: Group) -> None:
        """Open two groups of a study's trials side by side."""
        from hpo_tui.tui.screens.compare_groups import CompareGroups

        self.push_screen(CompareGroups(live, first, second))

    def compare_studies(self, *folders: StudyFolder) -> None:
        """Open two studies side by side, or the best of each of more."""
        from hpo_tui.tui.screens.compare_several import CompareSeveral
        from hpo_tui.tui.screens.compare_studies import CompareStudies

        self.clear_notifications()
        pair = len(folders) == 2
        self.push_screen(CompareStudies(*folders) if pair else CompareSeveral(folders))

    def on_study_saved(self, message: StudySaved) -> None:
        """Start what the editor was told to launch."""
        if message.launch:
            from hpo_tui.tui.editing import launch

            launch(self, message.path)

    # actions of the app

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave `^z` to a text that can be undone; anywhere else, in any window, it suspends."""
        if parameters == ("app.suspend",) and hasattr(self.focused, "action_undo"):
            return False
        return super().check_action(action, parameters)

    async def action_do(self, id_: str) -> None:
        """Do an action of the app's own."""
        result = getattr(self, f"do_app_{action(id_).name}")()
        if result is not None:
            await result

    def do_app_help(self) -> None:
        """Show what the focused pane is, and the keys."""
        from hpo_tui.tui.screens.help import Help

        self.push_screen(Help(self.screen))

    def do_app_palette(self) -> None:
        """Open the command palette, unless it is."""
        self._open_palette(None, "Search for commands")

    def search_themes(self) -> None:
        """List the themes in a palette."""
        self._open_palette([ThemeProvider], "Search for themes")

    def _open_palette(self, providers: list[type[Provider]] | None, placeholder: str) -> None:
        from hpo_tui.tui.commands import Palette

        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(providers, placeholder=placeholder))

    action_command_palette = do_app_palette  # by Textual's own key, too

    def on_command_palette_opened(self) -> None:
        """Let the palette be of 7-bit characters where those alone are wanted."""
        if self.ascii_only:
            self.screen.query_one(SearchIcon).icon = ">"

    def do_app_leave(self) -> None:
        """Leave, where a screen does not ask for something unsaved first."""
        from hpo_tui.tui.screens.base import Room

        rooms = [screen for screen in self.screen_stack if isinstance(screen, Room)]
        if rooms:
            rooms[-1].may_leave(self._leave)
        else:
            self._leave()

    def _leave(self) -> None:
        """Leave; what runs goes on, and this is said after the screens are gone."""
        running = self.live is not None and self.live.folder.runner_pid() is not None
        name = plain(self.live.folder.word) if self.live is not None else ""
        seen = self.live.snapshot if self.live is not None else None
        paused = seen is not None and seen.study.state is StudyState.PAUSED
        how = "stays paused" if paused else "keeps running"
        self.close_study()
        self.farewell = (
            f"The study {how}: `hpo-tui watch {name}` shows it again." if running else ""
        )
        self.exit(0)

    def do_app_picture(self) -> None:
        """Save a picture of the screen and say where."""
        stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(self.clock()))
        folder = self.state_folder / "pictures"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path = self.save_screenshot(f"{stamp}.svg", str(folder))
        except OSError as error:
            why = in_words(error, folder)
            self.notify(f"The picture could not be saved: {why}.", severity="error", markup=False)
            return
        self.notify(path, title="Picture saved", markup=False)

    def do_app_redraw(self) -> None:
        """Draw all of the screen again; what other programs have written over it is gone then."""
        put_right = getattr(self.terminal, "put_right", None)
        if put_right is not None:
            put_right()
        self.draw_anew(self.screen)
        self.screen.refresh()

    do_app_suspend = StudyApp.action_suspend_process

    # what Textual asks for

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Yield the palette: every action of this screen and its panes, then the themes."""
        from hpo_tui.tui.commands import commands

        yield from commands(self, screen)
        yield SystemCommand("theme", "Choose another theme", self.action_change_theme)

    def get_driver_class(self) -> type[Driver]:
        """Return what reads the terminal: on Unix ours, which knows Esc from Alt.

        Ours is built on parts of Textual that are not public. Without them Textual's own does.
        """
        from textual.drivers.linux_driver import LinuxDriver

        found = super().get_driver_class()
        if found is LinuxDriver:
            with suppress(ImportError, AttributeError):
                from hpo_tui.tui.terminal import Terminal

                return Terminal
        return found

    def _print_error_renderables(self) -> None:
        """Say a bug in a sentence; Textual would print its traceback over the terminal."""
        exception, said = getattr(self, "_exception", None), getattr(self, "_exit_renderables", [])
        if exception is None or self.is_headless:
            super()._print_error_renderables()
            return
        from hpo_tui.tui.crashes import report_crash

        said.clear()
        sentence = report_crash(exception)
        print(f"hpo-tui: {sentence}; running studies are not affected", file=sys.stderr)  # noqa: T201 - the last word

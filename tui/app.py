"""The app: screens, theme, keys, palette, session. No logic of studies."""

import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.command import CommandPalette, SearchIcon
from textual.notifications import SeverityLevel
from textual.screen import Screen
from textual.scrollbar import ScrollBar, ScrollBarRender

from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.actions import action, bindings
from hpo_tui.tui.config import Session, Settings, load_settings, state_folder, write_text
from hpo_tui.tui.live import LiveStudy
from hpo_tui.tui.messages import SnapshotReady, StudySaved
from hpo_tui.tui.notices import InSight, occasions
from hpo_tui.tui.plain import plain, to_ascii
from hpo_tui.tui.snapshot import Snapshot
from hpo_tui.tui.themes import DARK, LIGHT

STYLES = Path(__file__).parent / "styles"


class WholeCells(ScrollBarRender):
    """Scroll bars without the block characters for a part of a cell."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "] * len(ScrollBarRender.VERTICAL_BARS)
    HORIZONTAL_BARS: ClassVar[list[str]] = [" "] * len(ScrollBarRender.HORIZONTAL_BARS)


class HpoApp(App[int]):
    """The experiment dashboard."""

    TITLE = "hpo-tui"
    CSS_PATH: ClassVar[Any] = sorted(str(p) for p in STYLES.glob("*.tcss"))
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("app")]
    ENABLE_COMMAND_PALETTE = True

    def __init__(
        self,
        home: Path | None,
        study: StudyFolder | None = None,
        *,
        ascii_only: bool = False,
        readonly: bool = False,
        settings: Settings | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self.home = home
        """The ``.hpo`` folder, None where there is none yet."""
        self.first_study = study
        self.ascii_only = ascii_only
        self.readonly = readonly
        self.settings = settings or load_settings()
        self.clock = clock
        self.state_folder = state_folder()
        self.session = Session()
        self.live: LiveStudy | None = None
        self._in_sight = InSight()
        self.animation_level = "none"
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = self._wanted_theme()
        self.set_keymap(self.settings.keys)
        self.set_class(ascii_only, "-ascii")
        ScrollBar.renderer = WholeCells if ascii_only else ScrollBarRender

    def _wanted_theme(self) -> str:
        wanted = self.settings.theme
        if wanted in self.available_themes:
            return wanted
        dark = self.settings.dark
        if self.console.color_system == "standard":
            return "ansi-dark" if dark else "ansi-light"
        return DARK.name if dark else LIGHT.name

    def on_mount(self) -> None:
        """Open what was asked for, and tell what was wrong with the user's files."""
        if self.first_study is not None:
            self.open_study(self.first_study)
        else:
            self.show_studies()
        for fault in self.settings.faults:
            self.notify(plain(fault), severity="warning", markup=False, timeout=10)

    def show_studies(self) -> None:
        """Open the list of studies."""
        from hpo_tui.tui.screens.studies import Studies

        self.push_screen(Studies())

    # studies

    def _open(self, folder: StudyFolder) -> LiveStudy:
        live = LiveStudy(folder, self._deliver, self._explain, self.clock)
        live.memory = self.session.of(folder.path)
        live.recall()
        self.live = live
        return live

    def _deliver(self, snapshot: Snapshot) -> None:
        self.post_message(SnapshotReady(snapshot))

    def _explain(self, reason: str) -> None:
        self.call_later(self._show_problem, reason)

    def _show_problem(self, reason: str) -> None:
        if self.live is not None:
            self.live.problem = reason
            for screen in self.screen_stack:
                explain = getattr(screen, "explain", None)
                if explain is not None:
                    explain(reason)

    def _watch(self, live: LiveStudy) -> None:
        # Reading needs numpy: the first frame is painted before it is imported.
        start = partial(
            self.run_worker, live.watcher.run, thread=True, group="watcher", exit_on_error=False
        )
        self.call_after_refresh(start)

    def on_unmount(self) -> None:
        """Let the watcher's thread end."""
        if self.live is not None:
            self.live.watcher.stop()

    def on_snapshot_ready(self, message: SnapshotReady) -> None:
        """Hand a new picture to the screen on top; those below catch up when they are shown."""
        live = self.live
        # A picture can still come when the screens are being taken down.
        if live is None or self._exit or message.snapshot.folder != live.folder:
            return
        before = live.snapshot
        live.take(message.snapshot)
        if self.settings.bell:
            for text in occasions(before, message.snapshot):
                self.attract(text)
        for screen in self.screen_stack:
            take = getattr(screen, "take_snapshot", None)
            if take is not None and screen.is_current and screen.is_mounted:
                take(message.snapshot)

    def watch_app_focus(self, focus: bool) -> None:
        """Catch up when the terminal has the focus again."""
        live = self.live
        known = live is not None and live.snapshot is not None and not live.gone
        if focus and live is not None and known and self.screen_stack:
            take = getattr(self.screen, "take_snapshot", None)
            if take is not None:
                self.call_later(take, live.snapshot)

    def open_study(self, folder: StudyFolder) -> None:
        """Open a study's Watch."""
        from hpo_tui.tui.screens.watch import Watch

        live = self._open(folder)
        self.push_screen(Watch(live))
        self._watch(live)

    def close_study(self) -> None:
        """Stop watching the open study and remember how it looked."""
        live = self.live
        if live is None:
            return
        for screen in self.screen_stack:
            remember = getattr(screen, "remember", None)
            if remember is not None:
                live.memory |= remember()
        live.watcher.stop()
        self.session.keep(live.folder.path, live.remembered())
        self.live = None

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
        from hpo_tui.tui.screens.compare import compare_trials

        self.push_screen(compare_trials(live, first, second))

    def compare_studies(self, first: StudyFolder, second: StudyFolder) -> None:
        """Open two studies side by side."""
        from hpo_tui.tui.screens.compare import compare_studies

        self.push_screen(compare_studies(first, second))

    def edit_study(self, live: LiveStudy) -> None:
        """Edit the open study."""
        from hpo_tui.tui.editing import edit_study

        edit_study(self, live)

    def new_study(self) -> None:
        """Describe a new study."""
        from hpo_tui.tui.editing import new_study

        new_study(self)

    def on_study_saved(self, message: StudySaved) -> None:
        """Start what the editor was told to launch."""
        if message.launch:
            from hpo_tui.tui.editing import launch

            launch(self, message.path)

    def _print_error_renderables(self) -> None:
        """Say a bug in a sentence; Textual would print its traceback over the terminal."""
        if self._exception is None or self.is_headless:
            super()._print_error_renderables()
            return
        from hpo_tui.tui.cli.errors import report_crash

        self._exit_renderables.clear()
        sentence = report_crash(self._exception, sys.argv)
        print(f"hpo-tui: {sentence}; what runs goes on", file=sys.stderr)  # noqa: T201 - the last word

    # actions of the app

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
        """Open the command palette."""
        palette = CommandPalette(id="--command-palette", placeholder="Search for commands")
        self.push_screen(palette)

    def on_command_palette_opened(self) -> None:
        """Let the palette be of 7-bit characters where those alone are wanted."""
        if self.ascii_only:
            self.screen.query_one(SearchIcon).icon = ">"

    def do_app_leave(self) -> None:
        """Leave; what runs goes on, and this is said after the screens are gone."""
        running = self.live is not None and self.live.folder.runner_pid() is not None
        name = self.live.folder.name if self.live is not None else ""
        self.close_study()
        self.farewell = f"The run goes on: `hpo-tui {name}` to watch it again." if running else ""
        self.exit(0)

    farewell: str = ""
    """What is printed when the screens are gone."""

    def do_app_suspend(self) -> None:
        """Back to the shell."""
        self.action_suspend_process()

    def do_app_shade(self) -> None:
        """Switch between light and dark."""
        pairs = {DARK.name: LIGHT.name, "ansi-dark": "ansi-light", "textual-dark": "textual-light"}
        back = {light: dark for dark, light in pairs.items()}
        light = LIGHT.name if self.current_theme.dark else DARK.name
        self.theme = {**pairs, **back}.get(self.theme, light)

    def do_app_picture(self) -> None:
        """Save a picture of the screen and say where."""
        stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(self.clock()))
        folder = self.state_folder / "pictures"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path = self.save_screenshot(f"{stamp}.svg", str(folder))
        except OSError as error:
            self.notify(f"No picture: {error}", severity="error", markup=False)
            return
        self.notify(path, title="Picture saved", markup=False)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """Show a short message, unless the very same is in sight already."""
        seconds = self.NOTIFICATION_TIMEOUT if timeout is None else timeout
        if self._in_sight.takes(f"{title}\n{message}", time.monotonic(), seconds):
            super().notify(message, title=title, severity=severity, timeout=timeout, markup=markup)

    def clear_notifications(self) -> None:
        """Take all short messages away."""
        self._in_sight = InSight()
        super().clear_notifications()

    def copy(self, text: str, what: str) -> None:
        """Copy by the terminal (OSC 52) and into a file, and say both."""
        self.copy_to_clipboard(text)
        path = self.state_folder / "clip.txt"
        kept = f"; also in {path}" if write_text(path, text + "\n") else ""
        self.notify(f"Sent to the terminal's clipboard{kept}", title=f"Copied {what}", markup=False)

    def attract(self, text: str) -> None:
        """Ring, send the terminal a notice (OSC 9), and show the sentence."""
        self.notify(plain(text), markup=False, timeout=15)
        self.bell()
        driver = self._driver
        if driver is not None and not self.is_headless:
            driver.write(f"\x1b]9;{plain(text)}\x07")

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Yield the palette: every action of this screen and its panes, then the themes."""
        from hpo_tui.tui.commands import commands

        yield from commands(self, screen)
        yield SystemCommand("theme", "Choose another theme", self.action_change_theme)


def run_app(
    path: Path | None = None,
    *,
    home: Path | None = None,
    ascii: bool = False,  # noqa: A002 - the option's name
    readonly: bool = False,
    once: bool = False,
    mouse: bool = True,
) -> int:
    """Open the screens on a study (``path``: its folder) or on all of ``home``; return 0.

    ``once`` prints the study as text instead and returns 1 if it cannot be read. Whether a runner
    goes on is said after the screens are gone.
    """
    from hpo_tui.store.folder import find_home
    from hpo_tui.tui.glyphs import locale_is_ascii

    folder = StudyFolder(path.resolve()) if path is not None else None
    ascii_only = ascii or locale_is_ascii()
    if once and folder is not None:
        return print_once(folder, ascii_only=ascii_only)
    if home is None:
        home = find_home(folder.path if folder is not None else Path.cwd())
    settings = load_settings()
    app = HpoApp(home, folder, ascii_only=ascii_only, readonly=readonly, settings=settings)
    app.run(mouse=mouse and settings.mouse)
    if app.farewell:
        print(app.farewell)  # noqa: T201 - said on the way out
    return app.return_code or 0


def print_once(folder: StudyFolder, *, ascii_only: bool = False) -> int:
    """Print a study as a few lines; return 1 if it cannot be read."""
    import shutil
    import sqlite3
    import sys

    from hpo_tui.engine.spec import SpecError
    from hpo_tui.tui.standing import status_lines
    from hpo_tui.tui.watcher import read_once, why_unreadable

    try:
        snapshot = read_once(folder)
    except (OSError, sqlite3.Error, LookupError, SpecError) as error:
        print(why_unreadable(folder, error), file=sys.stderr)  # noqa: T201 - told on the terminal
        return 1
    for line in status_lines(snapshot, shutil.get_terminal_size().columns):
        print(to_ascii(line) if ascii_only else line)  # noqa: T201 - the output
    return 0

"""Define: the study as a form and as its TOML side by side, checked as it is typed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.events import DescendantFocus, Resize
from textual.timer import Timer
from textual.widgets import ContentSwitcher, Static, TextArea

from hpo_tui.engine.spec.names import KeyPath
from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.actions import bindings
from hpo_tui.tui.editor import side
from hpo_tui.tui.editor.form import Checked, check, form_rows
from hpo_tui.tui.screens.define_items import Items
from hpo_tui.tui.screens.define_room import EditRoom
from hpo_tui.tui.screens.define_save import Saving
from hpo_tui.tui.screens.define_side import Side
from hpo_tui.tui.widgets.key_bar import KeyBar
from hpo_tui.tui.widgets.line_table import LineTable
from hpo_tui.tui.widgets.study_form import StudyForm
from hpo_tui.tui.words.plain import plain

WIDE = 100
"""Columns from which form and text stand side by side."""
_QUIET = 0.3
"""Seconds without a key after which typed text is checked."""


class DefineScreen(EditRoom):
    """The editor of one study file.

    ``path`` is the file that is written. ``folder`` is the study's folder when the study has been
    started: then a change is checked against its trials and told to its runner. ``there``: whether
    the file is, where that was looked at.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("define")]
    SCOPES: ClassVar[tuple[str, ...]] = ("define", "screen")
    DEEDS: ClassVar[tuple[type[Any], ...]] = (Items, Side, Saving)

    def __init__(
        self, path: Path, text: str, *, folder: StudyFolder | None = None, there: bool | None = None
    ) -> None:
        super().__init__(path, text, folder, there)
        self._quiet: Timer | None = None
        self._named = ""
        """The study's name as it was last read."""
        self._warning = ""
        """What would keep a study that is right from starting."""
        self._advised: tuple[Checked | None, tuple[str, ...]] = (None, ())
        """A study that is right, and what is probably not meant in it."""

    def compose(self) -> ComposeResult:
        """Title, form beside text (or preview), what is wrong, keys."""
        yield Static(id="define-title")
        with Horizontal(id="define-body"):
            yield StudyForm(id="define-form")
            with ContentSwitcher(initial="define-text", id="define-side"):
                yield TextArea(
                    self.history.text, id="define-text", show_line_numbers=True, soft_wrap=False,
                    read_only=self.hpo.readonly, compact=True,
                )  # fmt: skip
                with VerticalScroll(id="define-preview"):
                    yield Static(id="define-preview-text")
        yield Static(id="define-problem")
        yield KeyBar()

    def on_mount(self) -> None:
        """Show the text that was given."""
        self.show_checked()
        self.query_one(StudyForm).focus()
        self.seek_draft()

    def on_resize(self, event: Resize) -> None:
        """Stand form and text side by side where there is room for both."""
        self.set_class(event.size.width < WIDE, "narrow")

    # the text and what follows from it

    def take(self, text: str, keep: KeyPath | None = None) -> None:
        """Make ``text`` the study's, whoever changed it."""
        if self.hpo.readonly:
            self.say("The app is read-only (--readonly): nothing is changed.", "warning")
            return
        if self.history.change(text):
            self.renew(keep)

    def renew(self, keep: KeyPath | None = None) -> None:
        """Show the text that is the study's now; ``keep``: the row to stand on."""
        self.keep_draft()
        self.checked = check(self.history.text)
        area = self.query_one("#define-text", TextArea)
        if area.text != self.history.text:
            with area.prevent(TextArea.Changed):
                area.load_text(self.history.text)
        self.show_checked(keep)

    @on(TextArea.Changed, "#define-text")
    def _typed(self) -> None:
        if self._quiet is not None:
            self._quiet.stop()
        self._quiet = self.set_timer(_QUIET, self._take_typed)

    def settle(self) -> None:
        """Take over what was typed a moment ago, without waiting for a quiet one."""
        if self._quiet is not None:
            self._quiet.stop()
            self._quiet = None
            self._take_typed()

    def _take_typed(self) -> None:
        area = self.query_one("#define-text", TextArea)
        if self.history.change(area.text):
            self.keep_draft()
            self.checked = check(area.text)
            self.show_checked()

    def show_checked(self, keep: KeyPath | None = None) -> None:
        """Show what the check of the text has found; ``keep``: the row to stand on."""
        if self.checked.spec is None:
            self._warning = ""
        self.show_title()
        self._show_form(keep)
        self._show_problem()
        self._look_around(self.checked)
        self.deeds(Side).renew()

    def show_title(self) -> None:
        """Say which study this is, whether it is saved and whether it can be started."""
        changed = "" if self.history.text == self.saved else " (not saved)"
        line = Text(" ")
        self._named = side.title(self.checked, self._named)
        line.append(plain(self._named), style="bold")
        line.append(f"  {plain(self.path.name)}{changed}   ")
        bold = self.checked.problems or self._warning
        line.append(side.verdict(self.checked, self._warning), style="bold" if bold else "")
        self.query_one("#define-title", Static).update(line)

    def _show_form(self, keep: KeyPath | None) -> None:
        form = self.query_one(StudyForm)
        if self.checked.data is not None or not len(form.rows):
            form.fill(form_rows(self.checked), keep)

    @on(LineTable.Moved)
    @on(DescendantFocus)
    def _show_problem(self) -> None:
        row = self.query_one(StudyForm).row()
        line = side.problem_line(self.checked, row.path if row else ()) or self._warning
        about, advice = self._advised
        if not line and about is self.checked:
            line = side.advice_line(advice, typed=isinstance(self.focused, TextArea))
        self.query_one("#define-problem", Static).update(Text(plain(line)))

    @work(thread=True, exclusive=True, group="advice", exit_on_error=False)
    def _look_around(self, checked: Checked) -> None:
        """Look at the command, its script and earlier studies, which a disk can keep waiting."""
        warning = side.warning(checked, self.cwd(), self.path.parent, self.learned)
        self.app.call_from_thread(self._take_warning, checked, warning)
        advice = side.advice(checked, self.cwd())
        self.app.call_from_thread(self._take_advice, checked, advice)

    def _take_warning(self, checked: Checked, warning: str) -> None:
        if checked is self.checked:
            self._warning = warning
            self.show_title()
            self._show_problem()

    def _take_advice(self, checked: Checked, advice: tuple[str, ...]) -> None:
        self._advised = (checked, advice)
        self._show_problem()

    def show_name(self) -> None:
        """Go to the study's name in the form."""
        form = self.query_one(StudyForm)
        form.move_to(("study", "name"))
        form.focus()

    @on(LineTable.Activated)
    def _fill_in(self) -> None:
        self.deeds(Items).fill_in()

    # leaving

    def may_leave(self, leave: Callable[[], None]) -> None:
        """Call ``leave``; first what was typed and is not saved is asked about."""
        self.deeds(Saving).may_leave(leave)

    def do_screen_back(self) -> None:
        """Close what stands over or beside the form, then leave the editor."""
        if not self.deeds(Side).close():
            self.may_leave(self.hpo.go_back)

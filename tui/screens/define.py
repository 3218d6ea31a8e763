"""Define: the study as a form and as its TOML side by side, checked as it is typed."""

from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.events import Resize
from textual.timer import Timer
from textual.widgets import ContentSwitcher, Static, TextArea

from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.actions import bindings
from hpo_tui.tui.editor import edits, side
from hpo_tui.tui.editor.fields import FIELDS, HEADINGS, ITEMS, PARAMETER_NAME
from hpo_tui.tui.editor.form import Path as KeyPath
from hpo_tui.tui.editor.form import check, form_rows
from hpo_tui.tui.plain import plain
from hpo_tui.tui.screens.define_side import SideRoom
from hpo_tui.tui.screens.item_dialog import ItemDialog, Values
from hpo_tui.tui.widgets.key_bar import KeyBar
from hpo_tui.tui.widgets.line_table import LineTable
from hpo_tui.tui.widgets.study_form import StudyForm

WIDE = 100
"""Columns from which form and text stand side by side."""
_QUIET = 0.3
"""Seconds without a key after which typed text is checked."""


class DefineScreen(SideRoom):
    """The editor of one study file.

    ``path`` is the file that is written. ``folder`` is the study's folder when the study has been
    started: then a change is checked against its trials and told to its runner.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("define")]
    SCOPES: ClassVar[tuple[str, ...]] = ("define", "screen")

    def __init__(self, path: Path, text: str, *, folder: StudyFolder | None = None) -> None:
        super().__init__(path, text, folder)
        self._quiet: Timer | None = None
        self._warning = ""
        """What would keep a study that is right from starting."""

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
        self.offer_draft()

    def on_resize(self, event: Resize) -> None:
        """Stand form and text side by side where there is room for both."""
        self.set_class(event.size.width < WIDE, "narrow")

    # the text and what follows from it

    def take(self, text: str, keep: KeyPath | None = None) -> None:
        """Make ``text`` the study's, whoever changed it."""
        if self.hpo.readonly:
            self.say("Read-only: nothing is changed.", "warning")
            return
        if self.history.change(text):
            self._renew(keep)

    def _renew(self, keep: KeyPath | None = None) -> None:
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
        self._warning = side.warning(self.checked, self.cwd())
        self.show_title()
        self._show_form(keep)
        self._show_problem()
        self.renew_side()

    def show_title(self) -> None:
        """Say which study this is, whether it is saved and whether it can be started."""
        changed = "" if self.history.text == self._saved else " (not saved)"
        line = Text(" ")
        line.append(plain(side.title(self.checked)), style="bold")
        line.append(f"  {plain(self.path.name)}{changed}   ")
        bold = self.checked.problems or self._warning
        line.append(side.verdict(self.checked, self._warning), style="bold" if bold else "")
        self.query_one("#define-title", Static).update(line)

    def _show_form(self, keep: KeyPath | None = None) -> None:
        form = self.query_one(StudyForm)
        if self.checked.data is not None or not len(form.rows):
            form.fill(form_rows(self.checked), keep)

    @on(LineTable.Moved)
    def _show_problem(self) -> None:
        row = self.query_one(StudyForm).row()
        line = side.problem_line(self.checked, row.path if row else ()) or self._warning
        self.query_one("#define-problem", Static).update(Text(plain(line)))

    def show_name(self) -> None:
        """Go to the study's name in the form."""
        form = self.query_one(StudyForm)
        form.move_to(("study", "name"))
        form.focus()

    # actions on rows

    @on(LineTable.Activated)
    def do_define_edit(self) -> None:
        """Fill in the row under the cursor: a setting, an item, or all of a section."""
        self.settle()
        row = self.query_one(StudyForm).row()
        if row is None or self.checked.data is None:
            self.say("Mend the TOML first: " + side.problem_line(self.checked, ()))
        elif row.heading and row.section in ITEMS:
            self.do_define_add()
        else:
            self._ask(row.path)

    def _ask(self, path: KeyPath, *, fresh: bool = False) -> None:
        section = str(path[0])
        fields = FIELDS[section]
        if section == "space":
            fields = (PARAMETER_NAME, *fields)
        elif section not in ITEMS and len(path) > 1:
            fields = tuple(f for f in fields if f.key == path[1])
        if not fields:
            self.say(f"{path[-1]} is no key that the form knows: change it in the TOML")
            return
        values = edits.values_at(self.checked.data or {}, path)

        def judge(given: Values) -> str:
            try:
                text, at = edits.apply_values(self.history.text, path, given)
            except edits.EditError as error:
                return str(error)
            return side.problem_at(check(text), at)

        def take(given: Values | None) -> None:
            if given:
                self._edit(lambda text: edits.apply_values(text, path, given))
            elif given is None and fresh:
                self.do_define_undo()  # what was not wanted is not left behind

        names = [str(p + 1 if isinstance(p, int) else p) for p in path[1:]]
        title = ": ".join([HEADINGS[section], *names])
        self.app.push_screen(ItemDialog(title, fields, values, judge, fresh=fresh), take)

    def _edit(self, change: "side.Change") -> None:
        try:
            text, path = change(self.history.text)
        except edits.EditError as error:
            self.say(plain(str(error)), "error")
        else:
            self.take(text, path)

    def _item(self) -> KeyPath | None:
        self.settle()
        row = self.query_one(StudyForm).row()
        if row is None or row.heading or row.section not in ITEMS:
            self.say("Go to a parameter, metric or task first.")
            return None
        return row.path

    def do_define_add(self) -> None:
        """Add an item to the section under the cursor and fill it in."""
        self.settle()
        row = self.query_one(StudyForm).row()
        if row is None or row.section not in ITEMS:
            self.say("Go to the space, the metrics or the tasks to add to them.")
            return
        before = self.history.text
        self._edit(lambda text: edits.add(text, row.section))
        added = self.query_one(StudyForm).row()
        if self.history.text != before and added is not None:
            self._ask(added.path, fresh=True)

    def do_define_duplicate(self) -> None:
        """Add a copy of the item below it."""
        if path := self._item():
            self._edit(lambda text: edits.duplicate(text, path))

    def do_define_remove(self) -> None:
        """Remove the item or setting under the cursor; undo brings it back."""
        self.settle()
        row = self.query_one(StudyForm).row()
        if row is not None and not row.heading:
            self._edit(lambda text: (edits.remove(text, row.path), row.path))

    def do_define_move_down(self) -> None:
        """Move the item one place down."""
        self._move(1)

    def do_define_move_up(self) -> None:
        """Move the item one place up."""
        self._move(-1)

    def _move(self, by: int) -> None:
        if path := self._item():
            at = path[1]
            to: KeyPath = (path[0], at + by) if isinstance(at, int) else path
            self._edit(lambda text: (edits.move(text, path, by), to))

    def do_define_undo(self) -> None:
        """Take the last change back."""
        self.settle()
        if self.history.undo():
            self._renew()
        else:
            self.say("Nothing to undo.")

    def do_define_redo(self) -> None:
        """Make the change again that was taken back."""
        self.settle()
        if self.history.redo():
            self._renew()
        else:
            self.say("Nothing to redo.")

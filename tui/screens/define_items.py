"""What the editor's keys do to the row under the cursor, by way of the text."""

from textual import on

from hpo_tui.engine.spec.names import KeyPath
from hpo_tui.tui.editor import edits, side
from hpo_tui.tui.editor.fields import FIELDS, HEADINGS, ITEMS, PARAMETER_NAME, env_fields
from hpo_tui.tui.editor.form import check
from hpo_tui.tui.plain import plain
from hpo_tui.tui.screens.define_side import SideRoom
from hpo_tui.tui.screens.item_dialog import ItemDialog, Values
from hpo_tui.tui.widgets.line_table import LineTable
from hpo_tui.tui.widgets.study_form import StudyForm


class ItemRoom(SideRoom):
    """The form's rows: filled in, added, copied, moved, removed, and all of it taken back."""

    def take(self, text: str, keep: KeyPath | None = None) -> None:
        """Make ``text`` the study's; ``keep``: the row to stand on."""
        raise NotImplementedError

    def renew(self, keep: KeyPath | None = None) -> None:
        """Show the text that is the study's now; ``keep``: the row to stand on."""
        raise NotImplementedError

    @on(LineTable.Activated)
    def _fill_in(self) -> None:
        """Fill in the row under the cursor: a setting, an item, or all of a section."""
        self.settle()
        row = self.query_one(StudyForm).row()
        if self._unreadable() or row is None:
            return
        if row.heading and row.section in ITEMS:
            self.do_define_add()
        else:
            self._ask(row.path)

    def _ask(self, path: KeyPath, *, fresh: bool = False) -> None:
        section = str(path[0])
        fields = FIELDS[section]
        if section == "env":
            fields = env_fields(str(path[1]) if len(path) > 1 else None)
        elif section == "space":
            fields = (PARAMETER_NAME, *fields)
        elif section not in ITEMS and len(path) > 1:
            fields = tuple(f for f in fields if f.key == path[1])
        if not fields:
            self.say(f"the form does not know the key {path[-1]}: change it in the TOML")
            return
        values = edits.values_at(self.checked.data or {}, path) if path != ("env",) else {}

        def judge(given: Values, key: str) -> str:
            try:
                text, at = edits.apply_values(self.history.text, path, given)
            except edits.EditError as error:
                return str(error)
            return side.problem_at(check(text), at, key)

        def take(given: Values | None) -> None:
            if given:
                self._edit(lambda text: edits.apply_values(text, path, given))
            elif given is None and fresh:
                self.do_define_undo()  # what was not wanted is not left behind

        names = [str(p + 1 if isinstance(p, int) else p) for p in path[1:]]
        title = ": ".join([HEADINGS[section], *names])
        self.app.push_screen(ItemDialog(title, fields, values, judge, fresh=fresh), take)

    def _unreadable(self) -> bool:
        """Whether the text cannot be changed by the form, which then shows it as it was before."""
        if self.checked.data is None:
            self.say("Fix the TOML first: " + side.problem_line(self.checked, ()))
        return self.checked.data is None

    def _edit(self, change: "side.Change") -> None:
        if self._unreadable():
            return
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
        if self._unreadable():
            return
        row = self.query_one(StudyForm).row()
        if row is not None and row.section == "env":
            self._ask(("env",))
            return
        if row is None or row.section not in ITEMS:
            self.say("Go to the space, metrics, tasks or environment to add to them.")
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
            self.renew()
        else:
            self.say("Nothing to undo.")

    def do_define_redo(self) -> None:
        """Make the change again that was taken back."""
        self.settle()
        if self.history.redo():
            self.renew()
        else:
            self.say("Nothing to redo.")

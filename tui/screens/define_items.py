"""What the editor's keys do to the row under the cursor, by way of the text."""

from functools import partialmethod

from hpo_tui.engine.spec.names import KeyPath
from hpo_tui.tui.editor import edits, side
from hpo_tui.tui.editor.fields import FIELDS, HEADINGS, ITEMS, PARAMETER_NAME, env_fields
from hpo_tui.tui.editor.form import check
from hpo_tui.tui.screens.define_room import EditRoom
from hpo_tui.tui.screens.item_dialog import ItemDialog, Values
from hpo_tui.tui.widgets.study_form import StudyForm
from hpo_tui.tui.words.plain import plain


class Items:
    """The form's rows: filled in, added, copied, moved, removed, and all of it taken back."""

    def __init__(self, screen: EditRoom) -> None:
        self.screen = screen

    def fill_in(self) -> None:
        """Fill in the row under the cursor: a setting, an item, or all of a section."""
        self.screen.settle()
        row = self.screen.query_one(StudyForm).row()
        if self._unreadable() or row is None:
            return
        if row.heading and row.section in ITEMS:
            self.do_define_add()
        else:
            self._ask(row.path)

    def _ask(self, path: KeyPath, *, fresh: bool = False) -> None:
        """Open the form of the item at ``path``; a ``fresh`` one goes if nothing is filled in."""
        section = str(path[0])
        fields = FIELDS[section]
        if section == "env":
            fields = env_fields(str(path[1]) if len(path) > 1 else None)
        elif section == "space":
            fields = (PARAMETER_NAME, *fields)
        elif section not in ITEMS and len(path) > 1:
            fields = tuple(f for f in fields if f.key == path[1])
        if not fields:
            self.screen.say(f"the form does not know the key {path[-1]}: change it in the TOML")
            return
        values = edits.values_at(self.screen.checked.data or {}, path) if path != ("env",) else {}

        def judge(given: Values, key: str) -> str:
            try:
                text, at = edits.apply_values(self.screen.history.text, path, given)
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
        self.screen.app.push_screen(ItemDialog(title, fields, values, judge, fresh=fresh), take)

    def _unreadable(self) -> bool:
        """Whether the text cannot be changed by the form, which then shows it as it was before."""
        if self.screen.checked.data is None:
            self.screen.say("Fix the TOML first: " + side.problem_line(self.screen.checked, ()))
        return self.screen.checked.data is None

    def _edit(self, change: "side.Change") -> None:
        if self._unreadable():
            return
        try:
            text, path = change(self.screen.history.text)
        except edits.EditError as error:
            self.screen.say(plain(str(error)), "error")
        else:
            self.screen.take(text, path)

    def _item(self) -> KeyPath | None:
        self.screen.settle()
        row = self.screen.query_one(StudyForm).row()
        if row is None or row.heading or row.section not in ITEMS:
            self.screen.say("Go to a parameter, metric or task first.")
            return None
        return row.path

    def do_define_add(self) -> None:
        """Add an item to the section under the cursor and fill it in."""
        self.screen.settle()
        if self._unreadable():
            return
        row = self.screen.query_one(StudyForm).row()
        if row is not None and row.section == "env":
            self._ask(("env",))
            return
        if row is None or row.section not in ITEMS:
            self.screen.say("Go to the space, metrics, tasks or environment to add to them.")
            return
        before = self.screen.history.text
        self._edit(lambda text: edits.add(text, row.section))
        added = self.screen.query_one(StudyForm).row()
        if self.screen.history.text != before and added is not None:
            self._ask(added.path, fresh=True)

    def do_define_duplicate(self) -> None:
        """Add a copy of the item below it."""
        if path := self._item():
            self._edit(lambda text: edits.duplicate(text, path))

    def do_define_remove(self) -> None:
        """Remove the item or setting under the cursor; undo brings it back."""
        self.screen.settle()
        row = self.screen.query_one(StudyForm).row()
        if row is None or row.heading or self._unreadable():
            return
        if row.unset:
            self.screen.say(f"{row.label} is not set: there is nothing to remove. Enter sets it.")
            return
        self._edit(lambda text: (edits.remove(text, row.path), row.path))

    def _move(self, by: int) -> None:
        if path := self._item():
            at = path[1]
            to: KeyPath = (path[0], at + by) if isinstance(at, int) else path
            self._edit(lambda text: (edits.move(text, path, by), to))

    do_define_move_down = partialmethod(_move, 1)
    do_define_move_up = partialmethod(_move, -1)

    def _go_through(self, *, back: bool) -> None:
        """Take the last change back, or make the one again that was taken back."""
        self.screen.settle()
        history = self.screen.history
        if history.undo() if back else history.redo():
            self.screen.renew()
        else:
            self.screen.say(f"Nothing to {'undo' if back else 'redo'}.")

    do_define_undo = partialmethod(_go_through, back=True)
    do_define_redo = partialmethod(_go_through, back=False)

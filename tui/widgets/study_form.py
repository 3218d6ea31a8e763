"""The study as a form, beside its TOML."""

from collections.abc import Sequence
from typing import ClassVar

from hpo_tui.engine.spec.names import KeyPath
from hpo_tui.tui.editor.form import FormRow, FormTable
from hpo_tui.tui.widgets.line_table import FixedTable


class StudyForm(FixedTable):
    """The form: a heading a section, a row a setting or item, in the order of the file."""

    HELP: ClassVar[str] = (
        "# Define\n\nEach row is a setting, a parameter, a metric or a task; `Enter` edits it. "
        "A setting that is not set shows what applies by default. "
        "A row with `!` has an error, which is explained below the form. The TOML beside it is the "
        "study file itself: both can be edited, and comments are kept."
    )

    def row(self) -> FormRow | None:
        """Return the row under the cursor."""
        rows = self.rows
        return rows.form[self.cursor] if isinstance(rows, FormTable) and len(rows) else None

    def fill(self, form: Sequence[FormRow], keep: KeyPath | None = None) -> None:
        """Show these rows as wide as there is room for."""
        self.set_rows(FormTable(form, max(30, self.size.width)), keep=keep)

    def on_resize(self) -> None:
        """Fill the room that there is now; out of sight there is none, and nothing to fit to."""
        if isinstance(self.rows, FormTable) and self.size.width:
            self.fill(self.rows.form)

"""A table whose rows have one order of their own."""

from hpo_tui.tui.widgets.line_table import LineTable


class FixedTable(LineTable):
    """A table that cannot be sorted, and offers no key for it."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's signature
        """Leave the sorting keys out."""
        return action not in ("sort", "reverse")

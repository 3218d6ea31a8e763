"""A table whose rows have a fixed order."""

from hpo_tui.tui.widgets.line_table import LineTable


class FixedTable(LineTable):
    """A table that cannot be sorted, and offers no key for it."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the sorting keys out."""
        return action not in ("sort", "reverse") and super().check_action(action, parameters)

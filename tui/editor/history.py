"""Undo and redo over whole texts: a study file is a page, so a copy a step costs nothing."""

_KEPT = 500
"""Steps that can be taken back."""


class TextHistory:
    """The texts that the editor has gone through."""

    def __init__(self, text: str) -> None:
        self._past: list[str] = []
        self._future: list[str] = []
        self.text = text
        self.changed = False
        """Whether there has been any step at all."""

    def change(self, text: str) -> bool:
        """Make ``text`` the present one; False if it is already."""
        if text == self.text:
            return False
        self._past.append(self.text)
        del self._past[:-_KEPT]
        self._future.clear()
        self.text, self.changed = text, True
        return True

    def undo(self) -> bool:
        """Go one text back; False at the beginning."""
        return self._go(self._past, self._future)

    def redo(self) -> bool:
        """Go one text on again; False at the end."""
        return self._go(self._future, self._past)

    def _go(self, there: list[str], back: list[str]) -> bool:
        if there:
            back.append(self.text)
            self.text = there.pop()
            return True
        return False

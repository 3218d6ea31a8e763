"""What stands beside the form: the text, what a study would run, one tried trial."""

from rich.text import Text
from textual import work
from textual.widgets import ContentSwitcher, Static, TextArea

from hpo_tui.tui.editor import side
from hpo_tui.tui.screens.define_save import SavingRoom

_TEXT, _OTHER = "define-text", "define-preview"


class SideRoom(SavingRoom):
    """The pane beside the form, and the way between both."""

    @property
    def _area(self) -> TextArea:
        return self.query_one("#define-text", TextArea)

    @property
    def _switcher(self) -> ContentSwitcher:
        return self.query_one("#define-side", ContentSwitcher)

    def _to_form(self) -> None:
        self.settle()
        self._switcher.current = _TEXT
        self.remove_class("side")
        self.query_one("#define-form").focus()

    def do_define_side(self) -> None:
        """Go between the form and the text."""
        if self._area.has_focus:
            self._to_form()
        else:
            self._switcher.current = _TEXT
            self.add_class("side")
            self._area.focus()

    def do_define_preview(self) -> None:
        """Show what would be run and what the budget buys; again: the text."""
        if self._switcher.current == _OTHER:
            self._to_form()
        else:
            self._show_other()
            self._show_preview()

    def _show_other(self) -> None:
        self.settle()
        self._showing_trial = False
        self._switcher.current = _OTHER
        self.add_class("side")
        if self._area.has_focus or self.has_class("narrow"):
            # Where it stands over the form, the keys scroll it.
            self.query_one("#define-preview").focus()

    _showing_trial = False
    """Whether a tried trial stands beside the form: a change of the study does not change it."""

    def renew_side(self) -> None:
        """Show what a changed study would run."""
        if self._switcher.current == _OTHER and not self._showing_trial:
            self._show_preview()

    @work(thread=True, exclusive=True, group="preview", exit_on_error=False)
    def _show_preview(self) -> None:
        self.app.call_from_thread(self._say, side.preview_text(self.checked))

    def do_define_try_one(self) -> None:
        """Run one trial at the cheapest task in a folder of its own and show its metrics."""
        self.settle()
        if self.checked.spec is None:
            self.say(side.verdict(self.checked), "warning")
            return
        self._show_other()
        self._showing_trial = True
        self._say(Text("Running one trial at the cheapest task …"))
        self._try_one()

    @work(thread=True, exclusive=True, group="try", exit_on_error=False)
    def _try_one(self) -> None:
        self.app.call_from_thread(self._say, side.try_text(self.checked, self.cwd()))

    def _say(self, text: Text) -> None:
        self.query_one("#define-preview-text", Static).update(text)

    def do_screen_back(self) -> None:
        """Close what stands over or beside the form, then leave the editor."""
        over = self.has_class("side") and self.has_class("narrow")
        if self._switcher.current == _OTHER or self._area.has_focus or over:
            self._to_form()
        else:
            super().do_screen_back()

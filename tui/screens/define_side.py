"""What stands beside the form: the text, what a study would run, one tried trial."""

from rich.text import Text
from textual.widgets import ContentSwitcher, Static, TextArea
from textual.worker import get_current_worker

from hpo_tui.tui.editor import side
from hpo_tui.tui.editor.external import edit_in_editor
from hpo_tui.tui.screens.define_room import EditRoom

_TEXT, _OTHER = "define-text", "define-preview"


class Side:
    """The pane beside the form, and the way between both."""

    def __init__(self, screen: EditRoom) -> None:
        self.screen = screen
        self._showing_trial = False
        """Whether a tried trial is shown there: a change of the study does not change it."""

    @property
    def _area(self) -> TextArea:
        return self.screen.query_one("#define-text", TextArea)

    @property
    def _switcher(self) -> ContentSwitcher:
        return self.screen.query_one("#define-side", ContentSwitcher)

    def _to_form(self) -> None:
        self.screen.settle()
        self._switcher.current = _TEXT
        self.screen.remove_class("side")
        self.screen.query_one("#define-form").focus()

    def do_define_side(self) -> None:
        """Go between the form and the text."""
        if self._area.has_focus:
            self._to_form()
        else:
            self._switcher.current = _TEXT
            self.screen.add_class("side")
            self._area.focus()

    def do_define_editor(self) -> None:
        """Edit the text in $EDITOR and come back with the errors placed."""
        self.screen.settle()
        with self.screen.app.suspend():
            text, problem = edit_in_editor(self.screen.history.text)
        if problem:
            self.screen.say(problem, "error")
        self.screen.take(text)
        self.screen.refresh(layout=True)

    def do_define_preview(self) -> None:
        """Show what would be run and what the budget buys; again: the text."""
        if self._switcher.current == _OTHER:
            self._to_form()
        else:
            self._show_other()
            self.renew()

    def _show_other(self) -> None:
        self.screen.settle()
        self._showing_trial = False
        self._switcher.current = _OTHER
        self.screen.add_class("side")
        if self._area.has_focus or self.screen.has_class("narrow"):
            # Where it stands over the form, the keys scroll it.
            self.screen.query_one("#define-preview").focus()

    def renew(self) -> None:
        """Show what a changed study would run."""
        if self._switcher.current == _OTHER and not self._showing_trial:
            self.screen.in_thread("preview", self._sample)

    def _sample(self) -> None:
        self.screen.app.call_from_thread(self._say, side.preview_text(self.screen.checked))

    def do_define_try_one(self) -> None:
        """Run one trial at the cheapest task in a folder of its own and show its metrics."""
        self.screen.settle()
        if self.screen.checked.spec is None:
            self.screen.say(side.verdict(self.screen.checked), "warning")
            return
        self._show_other()
        self._showing_trial = True
        self._say(Text("Running one trial at the cheapest task …"))
        self.screen.in_thread("try", self._try_one)

    def _try_one(self) -> None:
        worker = get_current_worker()  # cancelled when another is tried, or the editor is left
        cwd = self.screen.cwd()
        tried = side.try_text(self.screen.checked, cwd, lambda: worker.is_cancelled)
        if not worker.is_cancelled:
            self.screen.app.call_from_thread(self._say, tried)

    def _say(self, text: Text) -> None:
        self.screen.query_one("#define-preview-text", Static).update(text)

    def close(self) -> bool:
        """Go back to the form where something stands over or beside it; whether something did."""
        over = self.screen.has_class("side") and self.screen.has_class("narrow")
        open_ = self._switcher.current == _OTHER or self._area.has_focus or over
        if open_:
            self._to_form()
        return open_

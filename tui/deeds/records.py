"""A trial's tags and its note: read first, as somebody else may have changed them as well."""

from collections.abc import Callable
from functools import partial

from hpo_tui.store.tags import joined, parted
from hpo_tui.tui.screens.study_room import Deeds
from hpo_tui.tui.typed_ahead import ASKING
from hpo_tui.tui.words.plain import plain


class RecordDeeds(Deeds):
    """The actions on what people have written about the selected trial."""

    def do_trial_tag(self) -> None:
        """Give it tags."""
        self._with_record(self._ask_tags, self.at()[1])

    def _ask_tags(self, number: int, tags: tuple[str, ...], _: str) -> None:
        from hpo_tui.tui.screens.dialogs import Ask

        def taken(text: str) -> None:
            self._with_record(partial(self._send_tags, tags, parted(text)), number)

        question = Ask(f"Tags of trial {number}", joined(tags), "Separated by commas.")
        question.ask(self.screen.app, taken)

    def _send_tags(
        self, was: tuple[str, ...], wanted: tuple[str, ...], number: int, now: tuple[str, ...],
        _: str,
    ) -> None:  # fmt: skip
        """Have a trial's tags changed as was asked for; somebody may have changed them as well."""
        kept = [t for t in wanted if t in now or t not in was]
        given = [t for t in now if t not in was]
        tags = list(dict.fromkeys([*kept, *given]))
        self.requests.send("tag", f"tag trial {number}", {"trial": number, "tags": tags})

    def do_trial_note(self) -> None:
        """Write a note on it."""
        self._with_record(self._ask_note, self.at()[1])

    def _ask_note(
        self, number: int, _: tuple[str, ...], note: str, text: str | None = None
    ) -> None:
        """Ask for a note where there is ``note``; ``text``: what was typed for an earlier one."""
        from hpo_tui.tui.screens.dialogs import Ask, AskText

        def taken(text: str) -> None:
            self._with_record(partial(self._send_note, note, text), number)

        begun = note if text is None else text
        # The shell can give a note of many lines, and one line would show the first alone.
        kind = AskText if len(begun.splitlines()) > 1 else Ask
        other = "" if text is None else f"Somebody has changed it meanwhile: {plain(note) or '-'}"
        kind(f"Note on trial {number}", begun, other).ask(self.screen.app, taken)

    def _send_note(self, was: str, text: str, number: int, tags: tuple[str, ...], now: str) -> None:
        """Have a note saved, unless it would take the place of one that nobody here has seen."""
        if now in (was, text):
            self.requests.send("note", f"note on trial {number}", {"trial": number, "text": text})
        else:
            self._ask_note(number, tags, now, text)

    def _with_record(self, ask: Callable[[int, tuple[str, ...], str], None], number: int) -> None:
        """Read a trial's tags and note in a thread, then ask, or send what was asked for."""

        def read() -> None:
            import sqlite3

            from hpo_tui.store.database_errors import explained
            from hpo_tui.store.read import StudyReader

            try:
                with StudyReader(self.live.folder.db) as reader:
                    trial = reader.trial(number)
            except (OSError, sqlite3.Error) as error:
                self.screen.app.call_from_thread(self.screen.say, explained(error), "error")
                return
            tags, note = ((), "") if trial is None else (trial.tags, trial.note)
            self.screen.app.call_from_thread(ask, number, tags, note)

        self.screen.run_worker(read, thread=True, group=ASKING, exit_on_error=False)

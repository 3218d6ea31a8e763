"""What can be done to the selected trial, on every screen that has one."""

import json
import tomllib
from collections.abc import Callable
from functools import partial
from typing import ClassVar

from textual.binding import BindingType

from hpo_tui.store.models import TrialState
from hpo_tui.store.tags import joined, parted
from hpo_tui.tui.actions import Action, bindings
from hpo_tui.tui.plain import plain
from hpo_tui.tui.screens.brushed import Brushing
from hpo_tui.tui.snapshot import Snapshot
from hpo_tui.tui.trial_data import (
    configuration_fault,
    configuration_text,
    dearer_tasks,
    params_at,
    rerun_line,
    trial_data,
    why_no_promotion,
)
from hpo_tui.tui.typed_ahead import ASKING

_MOST_REPEATS = 100
"""Repeats of a trial that can be asked for at a time."""


class TrialActions(Brushing):
    """A study's screen with a selected trial."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("trial")]

    def _at(self) -> tuple[Snapshot, int, int]:
        """Return (snapshot, trial number, row); the guard has seen to it that there is one."""
        snapshot, number = self.live.snapshot, self.chosen
        assert snapshot is not None
        assert number is not None
        row = snapshot.frame.index(number)
        assert row is not None
        return snapshot, number, row

    def _unfit(self, wanted: Action, snapshot: Snapshot) -> str:
        row = None if self.chosen is None else snapshot.frame.index(self.chosen)
        if wanted.id == "trial.promote" and row is not None:
            return why_no_promotion(snapshot, row)
        return super()._unfit(wanted, snapshot)

    def do_trial_open(self) -> None:
        """Open the trial's own screen."""
        self.hpo.open_trial(self.live, self._at()[1])

    def do_trial_mark(self) -> None:
        """Mark the trial, or compare it with the one marked before."""
        number = self._at()[1]
        marked = self.live.marked
        if marked is None or marked == number:
            self.live.marked = None if marked == number else number
            self.say(
                f"Trial {number} is marked: press = on another trial to compare."
                if self.live.marked
                else "No trial is marked."
            )
            return
        self.live.marked = None
        self.hpo.compare_trials(self.live, marked, number)

    def do_trial_kill(self) -> None:
        """Stop the trial after a confirmation."""
        snapshot, number, row = self._at()
        wishes = self.queued_of(snapshot, number)
        if wishes:
            self.take_back(wishes)
            return
        detail = "What it has cost so far is lost. Its reports are kept, and r runs it again."
        spent = snapshot.frame.charged[row] + snapshot.frame.wasted[row]
        if self.state_of(snapshot) is TrialState.WAITING and not spent:
            detail = "It has not started, so nothing is lost. r runs it after all."
        self.confirm(
            lambda: self.command("kill", f"kill trial {number}", {"trial": number}),
            f"Kill trial {number}?",
            detail,
        )

    def do_trial_retry(self) -> None:
        """Run the trial again."""
        number = self._at()[1]
        self.wish("retry", f"retry trial {number}", {"trial": number})

    def do_trial_promote(self) -> None:
        """Run its configuration at a dearer task."""
        snapshot, number, row = self._at()
        dearer = dearer_tasks(snapshot, row)

        def chosen(task: object) -> None:
            if isinstance(task, str):
                args = {"trial": number, "task": task}
                self.wish("promote", f"promote trial {number}", args)

        if len(dearer) == 1:
            chosen(dearer[0])
            return
        from hpo_tui.tui.screens.pickers import PickOne

        self.app.push_screen(
            PickOne(f"Promote trial {number} to which task?", [(d, d) for d in dearer]), chosen
        )

    def do_trial_enqueue(self) -> None:
        """Enqueue an edited copy of its configuration."""
        from hpo_tui.tui.screens.dialogs import AskText

        snapshot, number, row = self._at()
        spec = snapshot.spec

        def taken(text: str | None) -> None:
            if text is not None:
                self.wish("enqueue", "enqueue", {"params": tomllib.loads(text), "task": None})

        self.app.push_screen(
            AskText(
                f"A copy of trial {number}, to be run next",
                configuration_text(params_at(snapshot, row)),
                "One parameter per line, as in a study file. It runs at the cheapest task.",
                lambda text: configuration_fault(text, spec),
            ),
            taken,
        )

    def do_trial_confirm(self) -> None:
        """Repeat it with other seeds."""
        from hpo_tui.tui.screens.dialogs import Ask, count_fault

        number = self._at()[1]

        def taken(text: str | None) -> None:
            if text is not None:
                args = {"trial": number, "repeats": int(text)}
                self.wish("confirm", f"confirm trial {number}", args)

        self.app.push_screen(
            Ask(
                f"Repeat trial {number} with how many other seeds?", "3",
                fault=lambda text: count_fault(text, _MOST_REPEATS),
            ),
            taken,
        )  # fmt: skip

    def do_trial_star(self) -> None:
        """Star the trial, or take the star away."""
        number = self._at()[1]
        on = not self._starred(number)
        said = f"star trial {number}" if on else f"remove the star of trial {number}"
        self.command("star", said, {"trial": number, "on": on})

    def _starred(self, number: int) -> bool:
        """Whether a trial is shown with a star."""
        for snapshot in (self.picture, self.live.snapshot):
            row = None if snapshot is None else snapshot.frame.index(number)
            if snapshot is not None and row is not None:
                return bool(snapshot.frame.starred[row])
        return False

    def do_trial_tag(self) -> None:
        """Give it tags."""
        self._with_record(self._ask_tags, self._at()[1])

    def _ask_tags(self, number: int, tags: tuple[str, ...], _: str) -> None:
        from hpo_tui.tui.screens.dialogs import Ask

        def taken(text: str | None) -> None:
            if text is not None:
                self._with_record(partial(self._send_tags, tags, parted(text)), number)

        question = Ask(f"Tags of trial {number}", joined(tags), "Separated by commas.")
        self.app.push_screen(question, taken)

    def _send_tags(
        self, was: tuple[str, ...], wanted: tuple[str, ...], number: int, now: tuple[str, ...],
        _: str,
    ) -> None:  # fmt: skip
        """Have a trial's tags changed as was asked for; somebody may have changed them as well."""
        kept = [t for t in wanted if t in now or t not in was]
        given = [t for t in now if t not in was]
        tags = list(dict.fromkeys([*kept, *given]))
        self.command("tag", f"tag trial {number}", {"trial": number, "tags": tags})

    def do_trial_note(self) -> None:
        """Write a note on it."""
        self._with_record(self._ask_note, self._at()[1])

    def _ask_note(
        self, number: int, _: tuple[str, ...], note: str, text: str | None = None
    ) -> None:
        """Ask for a note where there is ``note``; ``text``: what was typed for an earlier one."""
        from hpo_tui.tui.screens.dialogs import Ask, AskText

        def taken(text: str | None) -> None:
            if text is not None:
                self._with_record(partial(self._send_note, note, text), number)

        begun = note if text is None else text
        # The shell can give a note of many lines, and one line would show the first alone.
        ask = AskText if len(begun.splitlines()) > 1 else Ask
        other = "" if text is None else f"Somebody has changed it meanwhile: {plain(note) or '-'}"
        self.app.push_screen(ask(f"Note on trial {number}", begun, other), taken)

    def _send_note(self, was: str, text: str, number: int, tags: tuple[str, ...], now: str) -> None:
        """Have a note saved, unless it would take the place of one that nobody here has seen."""
        if now in (was, text):
            self.command("note", f"note on trial {number}", {"trial": number, "text": text})
        else:
            self._ask_note(number, tags, now, text)

    def _with_record(self, ask: Callable[[int, tuple[str, ...], str], None], number: int) -> None:
        """Read a trial's tags and note in a thread, then ask, or send what was asked for."""

        def read() -> None:
            import sqlite3

            from hpo_tui.store.faults import explained
            from hpo_tui.store.read import StudyReader

            try:
                with StudyReader(self.live.folder.db) as reader:
                    trial = reader.trial(number)
            except (OSError, sqlite3.Error) as error:
                self.app.call_from_thread(self.say, explained(error), "error")
                return
            tags, note = ((), "") if trial is None else (trial.tags, trial.note)
            self.app.call_from_thread(ask, number, tags, note)

        self.run_worker(read, thread=True, group=ASKING, exit_on_error=False)

    def do_trial_copy(self) -> None:
        """Copy its configuration as a command line."""
        snapshot, number, row = self._at()
        frame = snapshot.frame
        task, repeat = frame.tasks[frame.task[row]], int(frame.repeat[row])
        line = rerun_line(snapshot, number, params_at(snapshot, row), task, repeat)
        self.hpo.copy(line, f"the command of trial {number}")

    def do_trial_copy_json(self) -> None:
        """Copy the trial as JSON."""
        snapshot, number, row = self._at()
        text = json.dumps(trial_data(snapshot, row), indent=2, ensure_ascii=False)
        self.hpo.copy(text, f"trial {number} as JSON")

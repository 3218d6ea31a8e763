"""What is done to the selected trial: look at it, end it, ask for more of it."""

import json
import tomllib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from hpo_tui.store.frame import STATES
from hpo_tui.store.models import TrialState
from hpo_tui.tui.deeds.wishes import queued_of
from hpo_tui.tui.screens.study_room import Deeds, no_start
from hpo_tui.tui.study_deeds import NO_RUNNER
from hpo_tui.tui.tables.trial_data import (
    configuration_fault,
    configuration_text,
    dearer_tasks,
    params_at,
    rerun_line,
    trial_data,
    why_no_promotion,
)
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.words.plain import plain
from hpo_tui.tui.words.progress import progress_of, running_line

_MOST_REPEATS = 100
"""Repeats of a trial that can be asked for at a time."""


class TrialDeeds(Deeds):
    """The actions on the selected trial; its tags and note have deeds of their own."""

    def do_trial_open(self) -> None:
        """Open the trial's own screen."""
        self.screen.hpo.open_trial(self.live, self.at()[1])

    def do_trial_mark(self) -> None:
        """Mark the trial, or compare it with the one marked before."""
        number = self.at()[1]
        marked = self.live.marked
        if marked is None or marked == number:
            self.live.marked = None if marked == number else number
            self.screen.say(
                f"Trial {number} is marked: press = on another trial to compare."
                if self.live.marked
                else "No trial is marked."
            )
            return
        self.live.marked = None
        self.screen.hpo.compare_trials(self.live, marked, number)

    def why_no_trial_kill(self, snapshot: Snapshot) -> str:
        """Return why it cannot be killed, nor what is queued of it taken back."""
        number = self.screen.chosen
        if queued_of(snapshot, number):
            return ""
        if snapshot.runner_pid is None:
            return no_start(snapshot) or NO_RUNNER
        if self._state().ended:
            return f"Trial {number} has ended: there is nothing to kill."
        return ""

    def do_trial_kill(self) -> None:
        """Stop the trial after a confirmation."""
        snapshot, number, row = self.at()
        wishes = queued_of(snapshot, number)
        if wishes:
            self.wishes.take_back(wishes)
            return
        detail = "What it has cost so far is lost. Its reports are kept, and r runs it again."
        spent = snapshot.frame.charged[row] + snapshot.frame.wasted[row]
        far = progress_of(snapshot)
        if self._state() is TrialState.WAITING and not spent:
            detail = "It has not started, so nothing is lost. r runs it after all."
        self.screen.confirm(
            lambda: self.requests.send("kill", f"kill trial {number}", {"trial": number}),
            f"Kill trial {number}?",
            f"{running_line(snapshot, row, far)}.\n{detail}" if row in far else detail,
        )

    def why_no_trial_retry(self, _: Snapshot) -> str:
        """Return why it cannot be run again yet."""
        return "" if self._state().ended else f"Trial {self.screen.chosen} has not ended yet."

    def do_trial_retry(self) -> None:
        """Run the trial again."""
        number = self.at()[1]
        self.wishes.ask_for("retry", f"retry trial {number}", {"trial": number})

    def why_no_trial_promote(self, snapshot: Snapshot) -> str:
        """Return why there is no dearer task for it."""
        return why_no_promotion(snapshot, self.at()[2])

    def do_trial_promote(self) -> None:
        """Run its configuration at a dearer task."""
        snapshot, number, row = self.at()
        dearer = dearer_tasks(snapshot, row)

        def chosen(task: str) -> None:
            args = {"trial": number, "task": task}
            self.wishes.ask_for("promote", f"promote trial {number}", args)

        self._pick_task(f"Promote trial {number} to which task?", dearer, chosen)

    def do_trial_enqueue(self) -> None:
        """Enqueue an edited copy of its configuration."""
        from hpo_tui.tui.screens.dialogs import AskText

        snapshot, number, row = self.at()

        tasks = [t.name for t in snapshot.spec.tasks_by_cost]
        says = "One parameter per line, as in a study file."
        if len(tasks) > 1:
            says += " You choose its task afterwards."
        AskText(
            f"A copy of trial {number}, to be run next",
            configuration_text(params_at(snapshot, row)),
            says,
            partial(configuration_fault, spec=snapshot.spec),
        ).ask(self.screen.app, lambda text: self._enqueue(tomllib.loads(text), tasks))

    def _enqueue(self, params: dict[str, Any], tasks: list[str]) -> None:
        """Ask for a configuration at one of ``tasks``, the cheapest of which comes first."""

        def chosen(task: str) -> None:
            self.wishes.ask_for("enqueue", "enqueue", {"params": params, "task": task})

        self._pick_task("Run it at which task?", tasks, chosen)

    def _pick_task(
        self, question: str, tasks: Sequence[str], chosen: Callable[[str], None]
    ) -> None:
        """Ask for one of ``tasks``; of a single one nobody is asked."""
        from hpo_tui.tui.screens.pickers import PickOne

        if len(tasks) == 1:
            chosen(tasks[0])
            return
        PickOne(question, [(t, t) for t in tasks]).ask(self.screen.app, chosen)

    def do_trial_confirm(self) -> None:
        """Repeat it with other seeds."""
        from hpo_tui.tui.screens.dialogs import Ask, count_fault

        number = self.at()[1]

        def taken(text: str) -> None:
            args = {"trial": number, "repeats": int(text)}
            self.wishes.ask_for("confirm", f"confirm trial {number}", args)

        fault = partial(count_fault, most=_MOST_REPEATS)
        question = Ask(f"Repeat trial {number} with how many other seeds?", "3", fault=fault)
        question.ask(self.screen.app, taken)

    def do_trial_star(self) -> None:
        """Star the trial, or take the star away."""
        number = self.at()[1]
        on = not self._starred(number)
        said = f"star trial {number}" if on else f"remove the star of trial {number}"
        self.requests.send("star", said, {"trial": number, "on": on})

    def _starred(self, number: int) -> bool:
        """Whether a trial is shown with a star."""
        for snapshot in (self.screen.picture, self.live.snapshot):
            row = None if snapshot is None else snapshot.frame.index(number)
            if snapshot is not None and row is not None:
                return bool(snapshot.frame.starred[row])
        return False

    def do_trial_copy(self) -> None:
        """Copy its configuration as a command line."""
        from hpo_tui.engine.spec.startable import no_command

        snapshot, number, row = self.at()
        if lacking := no_command(snapshot.spec):
            self.screen.hpo.notify(plain(lacking), severity="warning", markup=False)
            return
        frame = snapshot.frame
        task, repeat = frame.tasks[frame.task[row]], int(frame.repeat[row])
        line = rerun_line(snapshot, number, params_at(snapshot, row), task, repeat)
        self.screen.hpo.copy(line, f"the command of trial {number}")

    def do_trial_copy_json(self) -> None:
        """Copy the trial as JSON."""
        snapshot, number, row = self.at()
        text = json.dumps(trial_data(snapshot, row), indent=2, ensure_ascii=False)
        self.screen.hpo.copy(text, f"trial {number} as JSON")

    def _state(self) -> TrialState:
        snapshot, _, row = self.at()
        state: TrialState = STATES[snapshot.frame.state[row]]
        return state

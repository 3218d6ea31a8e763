"""Watching a study without a screen: a line for each trial that ends, and how far it all is."""

import shutil
import sys
import time

from hpo_tui.engine.spec import BudgetUnit
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import StudyState, Trial, TrialState
from hpo_tui.store.read import StudyReader
from hpo_tui.tui.cli.summary import progress_line, reason_of, state_of
from hpo_tui.tui.cli.text import bar, colours, note, safe
from hpo_tui.tui.watching.pictures import Pictures
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.watching.watcher import LEAST_SECONDS, POLL_SECONDS
from hpo_tui.tui.words.budgets import amount_of, gone
from hpo_tui.tui.words.entries import with_last_line
from hpo_tui.tui.words.figures import shown
from hpo_tui.tui.words.fmt import clip_line, took
from hpo_tui.tui.words.goals import goals_of
from hpo_tui.tui.words.plain import fit, plain, plain_lines
from hpo_tui.tui.words.standing import silent_lines, suspended_lines

START_SECONDS = 20.0
"""How long a runner may take until it holds its lock."""
_SGR = {
    TrialState.FAILED: "31", TrialState.KILLED: "31", TrialState.PRUNED: "2",
}  # fmt: skip


class Follower:
    """Follows one study on stderr. ``started``: its runner has been started just now."""

    def __init__(self, folder: StudyFolder, *, started: bool) -> None:
        self.folder = folder
        self._starting = started
        """Whether the study may still stand as it did before its runner sets it going."""
        self._pictures = Pictures(folder)
        self._told: dict[int, float] = {}
        """Trial → when the attempt that was told of ended; a retry ends at another time."""
        self._live = sys.stderr.isatty()
        self._colours = colours(sys.stderr)
        self._reason = ""
        self._hindered: list[str] = []
        """What is in the way of its runner, as it was told last."""

    def follow(self) -> Snapshot:
        """Return the last picture, taken when no runner lives any more.

        Where nobody looks on (stderr is no terminal), a study that stands paused ends it too: a
        script must not wait for somebody to resume it.
        """
        began = time.monotonic()
        last = 0.0
        with StudyReader(self.folder.db) as reader:
            self._note_ended_before(reader)
            try:
                while True:
                    alive = self.folder.runner_pid() is not None
                    starting = not last and time.monotonic() - began < START_SECONDS
                    now = time.monotonic()
                    if not alive and not (starting and reader.study().state in ("new", "running")):
                        picture = self._pictures.take(reader)
                        self._tell(reader, picture)
                        return picture
                    if alive and now - last >= LEAST_SECONDS:
                        picture = self._pictures.take(reader)
                        self._tell(reader, picture)
                        last = now
                        self._starting &= _paused(picture) and now - began < START_SECONDS
                        if not self._live and not self._starting and _stands_still(picture):
                            return picture
                    time.sleep(POLL_SECONDS)
            finally:
                self._clear()

    def _note_ended_before(self, reader: StudyReader) -> None:
        frame = reader.frame()
        self._told = dict(zip(frame.number.tolist(), frame.ended.tolist(), strict=True))
        if self._starting:
            self._reason = reader.study().reason

    def _tell(self, reader: StudyReader, picture: Snapshot) -> None:
        frame = picture.frame
        ended = frame.ended == frame.ended  # not NaN
        ends = dict(zip(frame.number[ended].tolist(), frame.ended[ended].tolist(), strict=True))
        fresh = [n for n, end in ends.items() if self._told.get(n) != end]
        self._told = ends
        for trial in sorted(reader.trials(numbers=fresh), key=lambda t: (t.ended or 0, t.number)):
            if trial.state.ended:
                self._clear()
                note(self._colour(trial, trial_line(trial, picture)))
        if picture.study.reason != self._reason:
            self._reason = picture.study.reason
            if self._reason and state_of(picture) not in ("finished", "running"):
                self._clear()
                note(f"{state_of(picture)}: {plain_lines(reason_of(picture))}")
        hindered = [*suspended_lines(picture), *silent_lines(picture)]
        for line in hindered:
            if line not in self._hindered:
                self._clear()
                note(line)
        self._hindered = hindered
        self._show_status(picture)

    def _colour(self, trial: Trial, line: str) -> str:
        code = _SGR.get(trial.state)
        return f"\x1b[{code}m{line}\x1b[0m" if code and self._colours else line

    def _show_status(self, picture: Snapshot) -> None:
        if not self._live:
            return
        budget = picture.spec.budget.amount or 1.0
        room = shutil.get_terminal_size().columns - 1
        line = f"{bar(picture.spent / budget, 16)} {progress_line(picture)}"
        sys.stderr.write("\r" + safe(fit(clip_line(line, room), room), sys.stderr))
        sys.stderr.flush()

    def _clear(self) -> None:
        if self._live:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def _paused(picture: Snapshot) -> bool:
    return picture.study.state is StudyState.PAUSED


def _stands_still(picture: Snapshot) -> bool:
    """Whether the study is paused and none of its trials runs any more."""
    return _paused(picture) and not picture.frame.in_state(TrialState.RUNNING).any()


def trial_line(trial: Trial, picture: Snapshot) -> str:
    """Return one line on a trial that has ended: spent so far, task, state, goals, time."""
    spec = picture.spec
    budget = amount_of(spec.budget)
    width = max(len(t.name) for t in spec.tasks)
    wall = spec.budget.unit is BudgetUnit.WALL
    spent = gone(picture.spent, spec.budget.amount) if wall else f"{picture.spent:.2f}"
    parts = [
        f"[{spent:>6}/{budget}]",
        f"#{trial.number:<4}",
        fit(plain(trial.task), width),
    ]
    if trial.state is TrialState.COMPLETE:
        parts += [
            f"{plain(goal.metric)}={shown(trial.metrics[goal.metric])}"
            for goal in goals_of(spec)
            if goal.metric in trial.metrics
        ]
        if trial.task == spec.full_task.name and spec.has_goals and spec.meets(trial.metrics):
            parts.append("meets all goals")
    else:
        why = plain(with_last_line(trial.reason)).removeprefix("stopped: ")
        parts.append(f"{trial.state}: {why}" if why else str(trial.state))
    if trial.resumed_from is not None:
        parts.append(f"(carries on #{trial.resumed_from})")
    if trial.duration is not None:
        parts.append(took(trial.duration))
    return "  ".join(parts)

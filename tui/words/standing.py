"""How a study stands, in a word and in a line, and what its end waits for. Pure."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hpo_tui.store.models import Study, StudyState, TrialState
from hpo_tui.tui.words import budgets, fmt, present
from hpo_tui.tui.words.plain import plain

if TYPE_CHECKING:
    from hpo_tui.tui.watching.snapshot import Snapshot


WHY_SILENT = "another program may keep study.db locked, or its disk be full (see runner.log)"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a study stands, in a mark, a word and a tone; ``detail`` says why where that helps."""

    mark: str
    word: str
    tone: str
    detail: str = ""


def standing(
    study: Study, runner: int | None, *, suspended: bool = False, silent: bool = False
) -> Standing:
    """Return how a study stands, from what is stored and whether a runner lives, or stands still.

    ``runner``: its PID. ``silent``: it has long written nothing, so that is what it said last.
    """
    stand = _standing(study, runner, suspended=suspended)
    return replace(stand, mark="?", tone="warn") if silent else stand


def _standing(study: Study, runner: int | None, *, suspended: bool) -> Standing:
    state, reason = study.state, plain(study.reason)
    if suspended:
        return Standing("‖", "suspended", "warn", f"kill -CONT {runner} has its runner go on")
    if state is StudyState.RUNNING and runner is None:
        return Standing("†", "runner died", "bad", "R starts it again; running trials continue")
    if state is StudyState.PAUSED:
        word = "paused" if runner is not None else "paused, no runner"
        return Standing("‖", word, "warn", reason)
    return {
        StudyState.NEW: Standing("○", "not started", "dim", reason or "R starts it"),
        StudyState.RUNNING: Standing("●", "running", "good", reason),
        StudyState.STOPPED: Standing("■", "stopped", "dim", reason),
        StudyState.FINISHED: Standing("✓", "finished", "accent", reason),
    }[state]


def standing_of(snapshot: "Snapshot") -> Standing:
    """Return how the study of a picture stands; of a silent runner, what it said last."""
    suspended, silent = snapshot.suspended, snapshot.silent
    return standing(snapshot.study, snapshot.runner_pid, suspended=suspended, silent=silent)


def window_title(snapshot: "Snapshot") -> str:
    """Return a study's name, how it stands unless it simply runs, and what is spent: ``w 3/40``."""
    stand = standing_of(snapshot)
    word = "" if stand.tone == "good" else f" {stand.word}"
    spent = budgets.spent_short(snapshot.spent, snapshot.spec.budget)
    return f"{plain(snapshot.folder.name)}{word} {spent}"


def silent_text(snapshot: "Snapshot") -> str:
    """Return since when a runner that lives has written nothing; empty if it does."""
    if not snapshot.silent or snapshot.heard is None:
        return ""
    return nothing_since(snapshot.heard, snapshot.time)


def nothing_since(heard: float, now: float) -> str:
    """Return in words since when (Unix time) a runner has written nothing."""
    return f"nothing written since {fmt.clock(heard, now)}"


def silent_lines(snapshot: "Snapshot") -> list[str]:
    """Return the same, and what may be the reason, in a line; none if it writes."""
    text = silent_text(snapshot)
    return [f"{text}: {WHY_SILENT}"] if text else []


def suspended_lines(snapshot: "Snapshot") -> list[str]:
    """Return that the runner is suspended, and what has it go on, in a line; else none."""
    if not snapshot.suspended:
        return []
    return [f"its runner stands still; to have it go on: kill -CONT {snapshot.runner_pid}"]


def until(snapshot: "Snapshot") -> list[str]:
    """Return what the study's end waits for, and how long that takes."""
    said = []
    if snapshot.closing and snapshot.frame.in_state(TrialState.RUNNING).any():
        said.append(f"{snapshot.closing}: finishing the last trials")
    if snapshot.eta is not None:
        said.append(f"{about(snapshot)} {present.duration(snapshot.eta)} left")
    return said


def about(snapshot: "Snapshot") -> str:
    """Return how sure the time left is: a trial that hangs may hold its place for ever."""
    return "at least" if snapshot.overdue or snapshot.quiet else "about"


def misnamed_lines(snapshot: "Snapshot") -> list[str]:
    """Return which metrics are reported under another name, and what to write, each a line."""
    return [one.text for one in snapshot.misnamed]

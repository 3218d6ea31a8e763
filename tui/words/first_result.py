"""What is said in the place of the best trials while no full trial has finished. Pure."""

import math
from typing import TYPE_CHECKING

from hpo_tui.store.models import Event, StudyState, TrialState
from hpo_tui.tui.study_deeds import why_no_start
from hpo_tui.tui.words import fmt, present
from hpo_tui.tui.words.entries import with_last_line
from hpo_tui.tui.words.plain import plain
from hpo_tui.tui.words.standing import misnamed_lines

if TYPE_CHECKING:
    from hpo_tui.tui.watching.snapshot import Snapshot

_IN_SHORT = 150
"""Cells of a failure's reason where other things are to be said too: two lines or three."""


def first_result_text(snapshot: "Snapshot") -> str:
    """Return what the engine is doing while there is no full trial, and when one is expected."""
    frame, spec = snapshot.frame, snapshot.spec
    if snapshot.study.state is StudyState.PAUSED and snapshot.study.reason:
        way = "p resumes it" if snapshot.runner_pid is not None else "R starts it again"
        return f"Paused before the first full trial; {way}.\n{snapshot.study.reason}"
    if snapshot.runner_pid is None:
        over = why_no_start(snapshot.study, edited=snapshot.edited, short=snapshot.short)
        way = f". {over}" if over else ", and the study is not running: R starts it."
        why = f"No trial has finished at the full task{way}"
        return "\n".join([why, *_failures(snapshot)])
    running = frame.in_state(TrialState.RUNNING)
    full = running & frame.at_task(spec.full_task.name)
    lines = ["No full trial yet. The best trials are listed here once one has finished."]
    if snapshot.misnamed:
        lines = [f"{line[0].upper()}{line[1:]}." for line in misnamed_lines(snapshot)]
    lines += _failures(snapshot)
    if snapshot.waits and not running.any():
        return "\n".join([*lines, "No trial can start:", *plain(snapshot.waits).split("; ")])
    if not running.any():
        what = "next" if len(frame) else "first"
        return "\n".join([*lines, f"The engine is preparing its {what} suggestions."])
    tasks = [plain(frame.tasks[t]) for t in sorted(set(frame.task[running].tolist()))]
    where = ", ".join(tasks)
    lines.append(f"{present.plural(int(running.sum()), 'trial')} running at {where}.")
    expected = _expected_full(snapshot, bool(full.any()))
    if expected:
        lines.append(expected)
    return "\n".join(lines)


def _failures(snapshot: "Snapshot") -> list[str]:
    """Return how many trials have failed, where any have, and why if none has gone well since."""
    frame = snapshot.frame
    numbers = set(frame.number[frame.in_state(TrialState.FAILED)].tolist())
    failed = len(numbers)
    if not failed:
        return []
    verb = "has" if failed == 1 else "have"
    said = f"{present.plural(failed, 'trial')} of {len(frame)} {verb} failed"
    # One that ran out of memory may be tried again.
    ends = [
        e for e in snapshot.events
        if e.trial and (e.kind == "failed" or (e.kind == "oom" and e.trial in numbers))
    ]  # fmt: skip
    last = ends[-1] if ends else None
    if last is None:
        return [f"{said}: the events (7) say why."]
    since = frame.in_state(TrialState.COMPLETE) & (frame.started > last.time)
    if since.any():  # what was wrong may have been put right
        return [f"{said}, and {int(since.sum())} completed since; the events (7) say why."]
    return [f"{said}; the events (7) say why.", f"The last, #{last.trial}: {_in_short(last)}"]


def _in_short(failure: Event) -> str:
    """Return why a trial failed in one line: of its output the last line, which names the error."""
    text = plain(failure.text).removeprefix(f"trial {failure.trial}: ")
    return fmt.clip_line(with_last_line(text), _IN_SHORT)


def _expected_full(snapshot: "Snapshot", running: bool) -> str:
    frame = snapshot.frame
    # By its own price: a promotion has run for its margin alone.
    done = frame.in_state(TrialState.COMPLETE) & (frame.cost > 0)
    paces = (frame.duration[done] / frame.cost[done]).tolist()
    known = sorted(p for p in paces if not math.isnan(p))
    if not known:
        return "How long one takes can be said after the first trial of any task."
    full = known[len(known) // 2]
    verb = "is running and takes" if running else "will take"
    return f"A full trial {verb} about {present.took(full)}."

"""How a study stands: one word, the header, a few lines, what the first result waits for. Pure."""

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hpo_tui.engine.answers import PAUSED_BY_YOU, SPENT, wish_text
from hpo_tui.engine.waiting import BESIDE, waits_for
from hpo_tui.store.models import Event, Study, StudyState, TrialState
from hpo_tui.tui.study_deeds import why_no_start
from hpo_tui.tui.words import budgets, fmt, present
from hpo_tui.tui.words.entries import with_last_line
from hpo_tui.tui.words.goals import goals_of, goals_sentence
from hpo_tui.tui.words.plain import fit, plain
from hpo_tui.tui.words.present import Piece
from hpo_tui.tui.words.progress import running_lines
from hpo_tui.tui.words.running import overdue_text, quiet_text

if TYPE_CHECKING:
    from hpo_tui.tui.watching.snapshot import Snapshot


WHY_SILENT = "another program may keep study.db locked, or its disk be full (see runner.log)"
_LEAST_NAME = 4
"""Cells of a metric's name where there is hardly any room: its value says more."""
_IN_SHORT = 150
"""Cells of a failure's reason where other things are to be said too: two lines or three."""


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


def header_pieces(snapshot: "Snapshot", width: int) -> tuple[list[Piece], list[Piece]]:
    """Return the header's left and right pieces; what does not fit is left out, last first."""
    stand = standing_of(snapshot)
    name = plain(snapshot.study.name)
    name = fit(name, min(fmt.width_of(name), max(8, width // 3)))
    left: list[Piece] = [(name, "bold"), (f"{stand.mark} {stand.word}", stand.tone)]
    running = int(snapshot.frame.in_state(TrialState.RUNNING).sum())
    facts = present.plural(len(snapshot.frame), "trial")
    if running and width >= 100:
        facts += f", {running} running"
    optional: list[Piece] = [(facts, ""), (budgets.budget_text(snapshot), "")]
    slips = ", ".join(one.short for one in snapshot.misnamed[:1])
    for told in (overdue_text(snapshot), quiet_text(snapshot), slips, silent_text(snapshot)):
        optional[:0] = [(told, "warn")] if told else []
    if snapshot.queued:
        count = f"{len(snapshot.queued)} queued"
        optional.insert(0, (f"{count} for the next run" if width >= 100 else count, "warn"))
    used = sum(fmt.width_of(t) + 2 for t, _ in left) + 1
    if snapshot.suspended:
        optional.insert(0, (stand.detail, "warn"))
    elif snapshot.study.state is StudyState.PAUSED:
        optional[:0] = _why_paused(snapshot, width - used - 3, width)
    else:
        taken = used + sum(fmt.width_of(text) + 3 for text, _ in optional)
        why = _beginning(_detail(snapshot, stand), width - taken - 3)
        optional += [(text, "dim") for text in until(snapshot) or [why] if text]
    right = [(present.device_text(d), "dim") for d in snapshot.measured]
    if snapshot.waits:
        optional.insert(0, (f"waits for {waits_for(snapshot.waits)}", "warn"))
    for piece in optional:
        if used + fmt.width_of(piece[0]) + 3 > width:
            break
        left.append(piece)
        used += fmt.width_of(piece[0]) + 3
    if len(right) > 1 and used + sum(fmt.width_of(text) + 2 for text, _ in right) + 1 > width:
        right = [(present.devices_text(snapshot.measured), "dim")]
    kept: list[Piece] = []
    for piece in right:
        if used + fmt.width_of(piece[0]) + 3 > width:
            break
        kept.append(piece)
        used += fmt.width_of(piece[0]) + 2
    return left, kept


def _detail(snapshot: "Snapshot", stand: Standing) -> str:
    """Return why the study stands so, beside the word for it, and how it could go on."""
    if snapshot.study.state is StudyState.FINISHED and (stand.detail or SPENT).startswith(SPENT):
        first, comma, more = (stand.detail or SPENT).partition(",")
        return f"{first} (+ adds to it){comma}{more}"
    if snapshot.study.state is not StudyState.STOPPED or snapshot.runner_pid is not None:
        return stand.detail
    return f"{stand.detail.removeprefix('stopped ')}, R goes on".removeprefix(", ")


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


def _beginning(sentence: str, room: int) -> str:
    """Return a sentence, or as many of its clauses as ``room`` cells hold: the first says most."""
    ends = [len(sentence), *(found.start() for found in re.finditer(r"[,;:] | but | \(", sentence))]
    fitting = [end for end in ends if fmt.width_of(sentence[:end]) <= room]
    return sentence[: max(fitting, default=0)]


def _why_paused(snapshot: "Snapshot", room: int, width: int) -> list[Piece]:
    """Return why the study is paused, cut to ``room``, and the key by which it goes on.

    The key is left out where why could not even begin beside it: that says more.
    """
    text = plain((snapshot.study.reason.splitlines() or [""])[0]).partition(", so nothing")[0]
    if snapshot.study.reason == PAUSED_BY_YOU:
        text = "by you"  # beside the word paused
    lone = snapshot.runner_pid is None
    way = "R goes on" if lone else "p resumes"
    beside = room - fmt.width_of(way) - 3
    shown = fmt.width_of(text.partition(": ")[0]) <= beside or (lone and width >= 80)
    if shown:
        room = beside
    if fmt.width_of(text) > room:
        text = fit(text, room).rstrip() if room >= 12 else ""
    return [*([(text, "warn")] if text else []), *([(way, "dim")] if shown else [])]


def status_lines(snapshot: "Snapshot", width: int = 80) -> list[str]:
    """Return the study as a few lines of text, for ``--once`` and the smallest windows."""
    stand = standing_of(snapshot)
    lines = [f"{plain(snapshot.study.name)}  {stand.mark} {stand.word}"]
    if stand.detail:
        lines.append(stand.detail)
    lines.append(f"{present.plural(len(snapshot.frame), 'trial')}, {budgets.budget_text(snapshot)}")
    if snapshot.lost > 0:
        lines[-1] += f", {budgets.lost_text(snapshot)} lost"
    lines += silent_lines(snapshot)
    lines += misnamed_lines(snapshot)
    lines += waits_lines(snapshot)
    lines += queued_lines(snapshot)
    lines += [line for line in [overdue_text(snapshot), *until(snapshot)] if line]
    lines.append(goals_sentence(snapshot))
    lines += best_lines(snapshot, 5, width)
    lines += running_lines(snapshot)
    return [fit(line, width).rstrip() for line in lines]


def misnamed_lines(snapshot: "Snapshot") -> list[str]:
    """Return which metrics are reported under another name, and what to write, each a line."""
    return [one.text for one in snapshot.misnamed]


def waits_lines(snapshot: "Snapshot") -> list[str]:
    """Return what keeps every trial from starting, a reason a line."""
    reasons = [reason for reason in plain(snapshot.waits).split("; ") if reason]
    return [r if r == BESIDE else f"waits: {r}" for r in reasons]


def queued_lines(snapshot: "Snapshot") -> list[str]:
    """Return what waits for the next run, a wish a line."""
    said = (plain(wish_text(c.action, c.args)) for c in snapshot.queued)
    return [f"queued for the next run: {text}" for text in said]


def best_lines(snapshot: "Snapshot", k: int, width: int) -> list[str]:
    """Return the ``k`` best trials, a line each: number, metrics, parameters.

    Where ``width`` is too little for the metrics, it is their names that give way.
    """
    from hpo_tui.engine.analysis.front import best_rows, results

    spec = snapshot.spec
    frame = results(snapshot.frame, spec)[1]
    lines = []
    for row in best_rows(frame, spec)[:k]:
        known = [g.metric for g in goals_of(spec) if g.metric in frame.metrics]
        values = [present.number(float(frame.metrics[name][row])) for name in known]
        number = f"#{frame.number[row]}"
        names = _within(list(map(plain, known)), width - len(number + "".join(values)))
        metrics = "  ".join(f"{n} {v}" for n, v in zip(names, values, strict=True))
        params = " ".join(
            f"{plain(p.name)}={present.value_text(snapshot, p.name, row)}"
            for p in spec.free
            if p.name in frame.params and not math.isnan(frame.params[p.name][row])
        )
        lines.append(fmt.clip_line(f"{number}  {metrics}  {params}", width))
    return lines


def _within(names: list[str], width: int) -> list[str]:
    """Return names in ``width`` cells, three of which stand around each: the longest are cut.

    Two more are for the mark that what follows is cut.
    """
    room = width - 3 * len(names) - 2
    for most in range(max(map(fmt.width_of, names), default=0), _LEAST_NAME, -1):
        cut = [fmt.clip(name, most) for name in names]
        if sum(map(fmt.width_of, cut)) <= room:
            return cut
    return [fmt.clip(name, _LEAST_NAME) for name in names]


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

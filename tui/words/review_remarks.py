"""What is to be known of a study beside its results: its failures, full task and space. Pure."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpo_tui.engine.answers import MORE_TO_SPEND
from hpo_tui.engine.spec import StudySpec
from hpo_tui.engine.spec.text.toml_text import toml_key, toml_value
from hpo_tui.engine.spec.units import show_duration
from hpo_tui.store.models import StudyState, TrialState
from hpo_tui.tui.tables.trial_order import result_spreads
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.words import fmt
from hpo_tui.tui.words.paused import in_few_words
from hpo_tui.tui.words.plain import plain
from hpo_tui.tui.words.two_studies import Best

if TYPE_CHECKING:
    from hpo_tui.engine.analysis.failing import Failing
    from hpo_tui.engine.arrays import Array

Curves = Mapping[str, Sequence[tuple["Array", "Array"]]]
"""Objective → (steps, values), each (k,), of the best trials from their first step on."""

_LITTLE = 0.02
"""Share of the importance for each objective below which a parameter does not matter."""
_CURVES = 3
"""Curves of best trials that it takes to say that the full task is too short."""
_MOST_CURVES = 0.75
"""Share of them that have to gain until their end."""
_SKIPPED = 3
"""Steps for each task from which on one report for each is few."""
_DEARER, _TIMED = 2.0, 5
"""Times the declared cost from which a cheap task is no bargain; trials that it takes to tell."""
_OFTEN = 2
"""Trials at the time limit that are no accident."""
_LOST = 0.2
"""Share of what was spent that is worth a word if it is lost."""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to know, and what to do about it: words, or a command; empty if nothing."""

    text: str
    do: str = ""


def remarks_on(snapshot: Snapshot, curves: Curves, reasons: Sequence[str] = ()) -> Iterator[Remark]:
    """Yield what is to be known, what stops a study first.

    ``reasons``: how the failed trials ended.
    """
    from hpo_tui.engine.analysis.edges import edges

    frame, spec = snapshot.frame, snapshot.spec
    yield from where_it_fails(snapshot)
    if snapshot.spent and snapshot.lost > _LOST * snapshot.spent:
        yield Remark(f"{snapshot.lost / snapshot.spent:.0%} of what was spent is lost to trials"
                     " without a result")  # fmt: skip
    yield from _beyond_limit(snapshot, reasons)
    yield from _reported_once(snapshot, curves)
    yield from _too_short(snapshot, curves)
    for edge in edges(frame, spec):
        yield Remark(edge.advice)
    yield from _idle_parameters(spec, snapshot)
    yield from _cheap_tasks(snapshot)
    yield from _noise(snapshot)


def _beyond_limit(snapshot: Snapshot, reasons: Sequence[str]) -> Iterator[Remark]:
    """Yield that many trials reach the time limit: it may be too short rather than they too slow.

    One alone may hang.
    """
    limit = snapshot.spec.resources.timeout
    n = sum(reason.startswith("ran longer than its time limit") for reason in reasons)
    if limit is None or n < _OFTEN or n <= _LOST * len(snapshot.frame):
        return
    setting = shlex.quote(f"resources.timeout={show_duration(2 * limit)}")
    yield Remark(
        f"{n} of {len(snapshot.frame)} trials ran into the time limit, {show_duration(limit)}: it"
        " may be too short",
        f"hpo-tui edit {setting} -s {plain(snapshot.folder.word)}",
    )


def where_it_fails(snapshot: Snapshot) -> Iterator[Remark]:
    """Yield where trials fail, if that is plain, and what keeps the search out of there."""
    from hpo_tui.engine.analysis.failing import failing

    place = failing(snapshot.frame, snapshot.spec)
    if place is None:
        return
    setting = _kept_out(snapshot.spec, place)
    name = plain(snapshot.folder.word)
    if setting is None:
        yield Remark(f"{place.sentence}; they are left out now")
    else:
        yield Remark(place.sentence, f"hpo-tui edit {shlex.quote(setting)} -s {name}")


def _kept_out(spec: StudySpec, place: "Failing") -> str | None:
    """Return the setting that keeps the search out of where trials fail; None where one does."""
    if place.choice is None:
        # A choice that the study has no more is told by no relation.
        known = not place.instead or place.instead in spec.constraints
        return None if known else f"constraints={toml_value([*spec.constraints, place.instead])}"
    name, choice = place.choice
    others = [c for c in spec.parameter(name).choices if c != choice]
    if len(others) == 1:
        return f"{toml_key(name)}={toml_value(others[0])}"
    return f"{toml_key(name)}.choices={toml_value(others)}"


def _reported_once(snapshot: Snapshot, curves: Curves) -> Iterator[Remark]:
    """Yield that trials report at their end alone, at a step before which there were others."""
    spec = snapshot.spec
    for objective in spec.objectives[:1]:
        # A configuration reports once at each task that it was run at.
        most = len(spec.tasks_by_cost)
        found = [steps for steps, _ in curves.get(objective.metric, ())]
        if len(found) > 1 and all(0 < len(s) <= most and s[-1] >= _SKIPPED * most for s in found):
            last = fmt.number(max(float(steps[-1]) for steps in found))
            yield Remark(
                f"trials report {plain(objective.metric)} at their end alone, such as at step"
                f" {last}, so none that falls behind can be stopped early",
                "have the script print it, or report it, at each epoch",
            )


def _too_short(snapshot: Snapshot, curves: Curves) -> Iterator[Remark]:
    from hpo_tui.engine.analysis.gains import late_gain, still_gaining

    task = plain(snapshot.spec.full_task.name)
    for objective in snapshot.spec.objectives:
        found = [late_gain(objective, *curve) for curve in curves.get(objective.metric, ())]
        rising, told, typical = still_gaining(found)
        if told >= _CURVES and rising >= _MOST_CURVES * told:
            name, by = plain(objective.metric), fmt.number(typical, 2)
            said = f"in {rising} of the {told} best trials {name} still gains at the end of {task}:"
            text = f"{said} {by} in the last quarter"
            yield Remark(text, _longer(snapshot))


def _longer(snapshot: Snapshot) -> str:
    """Return how to train the best trial longer: by the command, where that has a length."""
    from hpo_tui.engine.spec.placeholders import used

    spec = snapshot.spec
    told = used([*spec.command, *spec.env.values()])
    lengths = {k: v for k, v in spec.full_task.fidelity.items() if k in told}
    if len(lengths) != 1 or not all(type(v) is int for v in lengths.values()):
        return "train the best longer, or make the full task longer"
    ((name, value),) = lengths.items()
    go_on = " --continue" if "resume" in told else ""
    setting = shlex.quote(f"{plain(name)}={2 * int(value)}")
    return f"{best_command(snapshot)} --command --set {setting}{go_on}"


def _idle_parameters(spec: StudySpec, snapshot: Snapshot) -> Iterator[Remark]:
    from hpo_tui.engine.analysis.importance import importance

    for task in reversed(spec.tasks_by_cost):
        shares = [importance(snapshot.frame, spec, o.metric, task.name) for o in spec.objectives]
        told = [s for s in shares if any(s.values())]
        if not told:
            continue
        idle = [p.name for p in spec.free if all(s.get(p.name, 0.0) < _LITTLE for s in told)]
        if idle and len(idle) < len(spec.free):
            names = ", ".join(plain(name) for name in idle)
            verb = "matters" if len(idle) == 1 else "matter"
            text = f"{names} hardly {verb}: under {_LITTLE:.0%} of what the parameters do"
            where = "" if task is spec.full_task else f" at {plain(task.name)}"
            yield Remark(text + where, "the next study can fix what does not matter")
        return


def _cheap_tasks(snapshot: Snapshot) -> Iterator[Remark]:
    from hpo_tui.engine.analysis.tasks import assess_tasks

    known = set[str]()
    for found in assess_tasks(snapshot.frame, snapshot.spec):
        many = int(snapshot.frame.at_task(found.task).sum()) >= _TIMED
        if found.measured > _DEARER * found.declared and many and found.task not in known:
            said = f"takes {found.measured:.0%} of the time of a full trial, for"
            yield Remark(
                f"{plain(found.task)} {said} {found.declared:.0%} of its cost",
                'what each run needs to start? See warm; or let cost = "measured" learn the costs',
            )
        known.add(found.task)
        if found.advice.startswith(("misleads", "not worth")):
            yield Remark(f"{plain(found.task)} {found.advice} ({plain(found.metric)})")


def _noise(snapshot: Snapshot) -> Iterator[Remark]:
    """Say how many of the next best are within the noise of the best, where it was measured."""
    from hpo_tui.engine.analysis.front import column, results

    best, spec = Best(snapshot), snapshot.spec
    if best.first is None or len(spec.objectives) != 1:
        return
    number, metric = int(snapshot.frame.number[best.first]), spec.objectives[0].metric
    noise = result_spreads(snapshot).get(number, {}).get(metric, 0.0)
    values = column(results(snapshot.frame, spec)[1], metric)
    close = [r for r in best.rows[1:] if abs(values[r] - values[best.first]) < noise]
    if close:
        numbers = ", ".join(f"#{snapshot.frame.number[r]}" for r in close)
        yield Remark(
            f"{numbers}: no farther from #{number} than runs of #{number} from one another"
        )


def best_command(snapshot: Snapshot) -> str:
    """Return the command that prints the best trials, or the nearest misses."""
    near = "" if Best(snapshot).met else " --near"
    return f"hpo-tui best {plain(snapshot.folder.word)}{near}"


def going_on(snapshot: Snapshot) -> Remark | None:
    """Return how a study goes on that has not ended; None of one that has."""
    study, name = snapshot.study, plain(snapshot.folder.word)
    if study.state is StudyState.PAUSED:
        if study.reason == MORE_TO_SPEND:
            return Remark("there is budget left: this spends it", f"hpo-tui resume {name}")
        why = in_few_words(study.reason)
        said = "this" if why in ("", "by you") else f"{why}; once that is mended, this"
        return Remark(f"it is paused: {said} continues it", f"hpo-tui resume {name}")
    if snapshot.runner_pid is not None or snapshot.frame.in_state(TrialState.RUNNING).any():
        return Remark("it is running: this says how it stands", f"hpo-tui status {name}")
    if study.state is StudyState.FINISHED:
        return None
    if study.state is StudyState.NEW:
        return Remark("it has not been started", f"hpo-tui run {name}")
    stopped = study.state is StudyState.STOPPED
    how = "it was stopped before its end" if stopped else "its runner died"
    return Remark(f"{how}: this continues it", f"hpo-tui resume {name}")

"""From a script that uses Optuna to a study that runs its objective, unchanged, as its trials.

The source says most (``source.py``); one run of the objective says the rest: parameters whose
names or ranges are computed, the directions, and how many steps a trial reports, by which tasks are
made of the script's own pruning.
"""

import dataclasses
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hpo_tui.engine.define.compose import EXAMPLE, study_name
from hpo_tui.engine.define.draft import Draft
from hpo_tui.engine.define.fidelity import tasks_for
from hpo_tui.engine.define.first_run import faults, guarded, times
from hpo_tui.engine.define.options import Option
from hpo_tui.engine.define.optuna.source import Suggested, suggested
from hpo_tui.engine.define.optuna.values import of_choices, of_range
from hpo_tui.engine.define.saved import left_behind, saved_files
from hpo_tui.engine.define.script import ADAPTER, python_of, script_at
from hpo_tui.engine.define.try_one import Tried, try_one
from hpo_tui.engine.numerals import brief
from hpo_tui.engine.spec import (
    Budget,
    Direction,
    Objective,
    OutcomeConstraint,
    Parameter,
    ParameterKind,
    Params,
    StudySpec,
    Task,
)
from hpo_tui.engine.spec.names import KeyPath, joined, name_fault, plain
from hpo_tui.engine.spec.placeholders import braced
from hpo_tui.engine.spec.space import from_unit
from hpo_tui.engine.spec.text.write import write
from hpo_tui.engine.spec.values import native, value_fault

_TRIALS = 40
"""Full-task units for a script that does not say how many trials it wants."""
_FEWEST_STEPS = 4
"""Reports of a trial from which on it can be cut into tasks."""
_UNROLLED = 16
"""Values of a whole number up to which the first run takes the largest: it may count layers."""
_STEPS = "steps"


@dataclass(slots=True)
class Seen:
    """What a run of the objective has asked for: see :mod:`hpo_tui.engine.objective`."""

    space: dict[str, Parameter] = field(default_factory=dict)
    metrics: tuple[str, ...] = ()
    directions: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    trials: int | None = None
    steps: int = 0
    prunes: bool = False

    def take(self, said: Mapping[str, Any]) -> None:
        """Take a line of the record in."""
        if name := said.get("parameter"):
            self.space[name] = _parameter(name, said)
        self.metrics = tuple(said.get("metrics", self.metrics))
        self.directions = tuple(said.get("directions", self.directions))
        self.constraints = tuple(said.get("constraints", self.constraints))
        self.trials = said.get("trials") or self.trials
        self.steps = said.get("steps", self.steps)
        self.prunes = self.prunes or bool(said.get("prunes"))


def optuna_draft(
    words: Sequence[str], script: Path, texts: Sequence[str], folder: Path, timeout: float | None
) -> Draft:
    """Return a study for a command whose script has an Optuna objective.

    ``timeout``: seconds that the first run may take; None: the script is not run.
    """
    source = suggested(texts)
    spec = _spec(source, Seen(), words, script, folder)
    tried, advice, seen = None, list[str](), Seen()
    if timeout is not None:
        before = saved_files(folder)
        tried, seen = _first_run(spec, source, folder, timeout)
        spec = _spec(source, seen, words, script, folder)
        tried = dataclasses.replace(tried, task=spec.tasks_by_cost[-1])
        left = left_behind(folder, before)
        advice = [*faults(tried), *([left] if left else [])]
    notes = _notes(source, seen, spec, tried, script)
    if tried is not None and tried.code == 0:
        notes.update(times(spec, tried))
        spec, said_of = guarded(spec, tried)
        notes.update(said_of)
        if seen.trials or source.trials:
            notes["study", "budget"] = f"n_trials of the script, {notes['study', 'budget']}"
    if tried is not None and any("No module named 'hpo_tui'" in s for s in tried.last_lines):
        advice.append(f"{plain(words[0])} needs hpo-tui too: pip install hpo-tui where it belongs")
    advice += _advice(source, seen, spec)
    text = write(spec, notes)
    how = f"what its objective suggests{', seen in a run' if seen.space else ''}"
    return Draft(text, StudySpec.from_text(text), how, advice=tuple(advice), tried=tried)


def _first_run(
    spec: StudySpec, source: Suggested, folder: Path, timeout: float
) -> tuple[Tried, Seen]:
    """Run the objective once in full; return what it asked for."""
    params: Params = {p.name: from_unit(p, 0.5) for p in spec.space if p.name in source.space}
    for parameter in spec.space if source.unread else ():
        few = parameter.high - parameter.low < _UNROLLED
        if parameter.kind is ParameterKind.INT and few and parameter.name in params:
            params[parameter.name] = int(parameter.high)
    with tempfile.TemporaryDirectory(prefix="hpo-record-") as scratch:
        record = Path(scratch) / "record"
        looking = dataclasses.replace(spec, env={"HPO_RECORD": str(record)})
        tried = try_one(looking, folder, params=params, limit=timeout)
        seen = Seen()
        for line in record.read_text("utf-8").splitlines() if record.exists() else ():
            seen.take(json.loads(line))
    return tried, seen


def _spec(
    source: Suggested, seen: Seen, words: Sequence[str], script: Path, folder: Path
) -> StudySpec:
    space = _space(source, seen)
    directions = seen.directions or source.directions or ("minimize",)
    names = seen.metrics or source.metrics
    if len(names) != len(directions):
        several = len(directions) > 1
        names = tuple(f"value_{i}" for i in range(len(directions))) if several else ("value",)
    return StudySpec(
        name=_name(source.name) or study_name(words, folder, script),
        command=tuple(_command(words, folder)),
        budget=Budget(float(seen.trials or source.trials or _TRIALS)),
        space=tuple(space.values()) or (EXAMPLE,),
        objectives=tuple(
            Objective(name, Direction(direction))
            for name, direction in zip(names, directions, strict=True)
        ),
        outcome_constraints=tuple(OutcomeConstraint(name, max=0.0) for name in seen.constraints),
        tasks=_tasks(source, seen),
        start=tuple(kept for params in source.start if (kept := _start(params, space))),
    )


def _name(name: str) -> str:
    """Return the script's name of its study as one of ours."""
    return "".join(c if c.isalnum() or c in "_-" else "-" for c in name).strip("-_")[:60]


def _command(words: Sequence[str], folder: Path) -> list[str]:
    """Return the command with the module between the interpreter and the script."""
    at = script_at(words, folder)
    at -= at > 0 and words[at - 1] == "-m"
    before = words[:at] or [python_of(folder)]
    return [*map(braced, before), "-m", ADAPTER, *map(braced, words[at:])]


def _space(source: Suggested, seen: Seen) -> dict[str, Parameter]:
    """Return what the source says, with the ranges of the run, and what only the run has shown.

    A parameter with a single value is none: Optuna does not ask a sampler for it. Neither is one
    whose name a study cannot have: :func:`_advice` says so.
    """
    space = dict(source.space)
    for name, ran in seen.space.items():
        known = space.get(name)
        # A range that the source knows may be that of two places, of which the run has seen one.
        space[name] = known if known is not None and known.kind is ran.kind else ran
    unlike = {name.casefold(): name for name in reversed(space)}.values()
    varied = {
        n: p
        for n, p in space.items()
        if p.kind is not ParameterKind.FIXED and n in unlike and _nameable(n)
    }
    return {n: dataclasses.replace(p, when=_when(p, varied)) for n, p in varied.items()}


def _nameable(name: str) -> bool:
    return name_fault(name) is None and not set(name) & set("{}")


def _when(parameter: Parameter, space: Mapping[str, Parameter]) -> Mapping[str, Any]:
    """Return the conditions of a parameter that a study can have: a value of each is possible."""
    return {
        parent: values
        for parent, values in parameter.when.items()
        if parent in space and values and space[parent].kind is not ParameterKind.FLOAT
    }


def _parameter(name: str, said: Mapping[str, Any]) -> Parameter:
    if said["type"] == "categorical":
        return of_choices(name, said["choices"])
    whole, log = said["type"] == "int", bool(said.get("log"))
    return of_range(name, whole, (said["low"], said["high"]), step=said.get("step"), log=log)


def _start(params: Mapping[str, Any], space: Mapping[str, Parameter]) -> Params:
    """Return a configuration that the script enqueues, as far as the study has its parameters."""
    return {
        name: native(space[name], value)
        for name, value in params.items()
        if name in space and value_fault(space[name], value) is None
    }


def _tasks(source: Suggested, seen: Seen) -> tuple[Task, ...]:
    """Return tasks that end a trial early, where the script can be ended by pruning."""
    steps = seen.steps or source.steps
    if steps < _FEWEST_STEPS or not (seen.prunes or source.steps):
        return (Task("full", 1.0),)
    return tasks_for(Option(_STEPS, _STEPS, "int", steps))


def _notes(
    source: Suggested, seen: Seen, spec: StudySpec, tried: Tried | None, script: Path
) -> dict[KeyPath, str]:
    """Return the comments of the study file."""
    notes: dict[KeyPath, str] = {
        (): f"Written from {plain(script.name)}, which uses Optuna. Each trial runs its objective"
        " once, as it is;\nits sampler, pruner and storage are not used.",
    }
    if seen.trials or source.trials:
        notes["study", "budget"] = "n_trials of the script, in units of the full task"
    for name in source.doubtful:
        notes["space", name] = "Suggested under a condition that could not be read: add when = …"
    always = {n for n, p in source.space.items() if not p.when and n not in source.doubtful}
    for name in always - seen.space.keys() if seen.space else ():
        notes["space", name] = "The first run did not ask for it: remove it if no trial does."
    for name in seen.space.keys() - source.space.keys():
        notes["space", name] = "Seen in a run; if it depends on another parameter, add when = …"
    if not spec.space or spec.space[0] is EXAMPLE:
        notes["space", EXAMPLE.name] = "An example: no parameter was found. Replace it."
    objective = spec.objectives[0].metric
    notes["objective", 0] = "What the objective returns."
    if tried is not None and objective in tried.metrics:
        notes["objective", 0] += f" The value in a first run was {brief(tried.metrics[objective])}."
    notes["objective", 0, "metric"] = "threshold = … sets a goal"
    if len(spec.tasks) > 1:
        notes["task", 0] = (
            "A cheap trial ends after so many reports, where the script asks should_prune();\n"
            "what it reported last is its result. The task with cost 1 is the one that counts."
        )
    return notes


def _advice(source: Suggested, seen: Seen, spec: StudySpec) -> list[str]:
    """Return what the user has to do or check."""
    unread = [] if seen.space else source.unread
    advice = [
        f"{plain(call)} could not be read: if a trial asks for it, the trial ends and says what to"
        " add to the study file"
        for call in unread
    ]
    if source.unread and seen.space:
        ran = [name for name in seen.space if name not in source.space]
        advice.append(
            f"{joined(list(map(plain, source.unread)), 5)}: its names or ranges are computed; the"
            f" first run asked for {joined(ran, 12) or 'nothing more'}. A trial that asks for more"
            " ends, and says what to add to the study file"
        )
    names = {p.name for p in spec.space}
    asked = {n: p for n, p in (source.space | seen.space).items() if n not in names}
    advice += [
        f"{plain(name)} cannot be the name of a parameter here (no braces, and not another's name"
        " in upper or lower case): give it another in the script"
        for name, parameter in asked.items()
        if parameter.kind is not ParameterKind.FIXED
    ]
    if seen.prunes and len(spec.tasks) == 1 and not seen.steps:
        advice.append(
            "how often a whole trial reports is not known: with it, [[task]] tables such as"
            " steps = 5, cost = 0.1 make cheap trials, which are pruned after so many reports"
        )
    if spec.space[0] is EXAMPLE:
        advice.append("no parameter was found: write [space.NAME] tables by hand")
    return advice

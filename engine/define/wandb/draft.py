"""From a W&B sweep to a study that runs its program, unchanged, as its trials.

What the sweep says is kept: parameters, command, metric, number of runs. A script that uses wandb
finds its configuration where an agent would have put it, and its metrics are read from what wandb
writes to disk, so that nothing needs W&B's server.
"""

import dataclasses
import math
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from hpo_tui.engine.define.compose import BUDGET, NOBODY, Plan, as_name, study_name, with_metrics
from hpo_tui.engine.define.draft import Draft, checked
from hpo_tui.engine.define.first_run import first_run, timed
from hpo_tui.engine.define.options import Found
from hpo_tui.engine.define.printed import Printed
from hpo_tui.engine.define.sources.syntax import calls, keywords, last_name, literal
from hpo_tui.engine.define.try_one import Tried
from hpo_tui.engine.define.wandb.command import ARGUMENTS, arguments_file, sweep_file, tree
from hpo_tui.engine.define.wandb.env import PLACED
from hpo_tui.engine.define.wandb.file import Sweep
from hpo_tui.engine.define.wandb.remarks import RUNS, advice_of, remarks_of
from hpo_tui.engine.define.wandb.taken import Taken, take
from hpo_tui.engine.spec import Budget, MetricSource, Objective, StudySpec, Task
from hpo_tui.engine.spec.parts import Summary
from hpo_tui.engine.spec.space import value_count

_SWEPT = "wandb.template.yaml", "wandb-config.yaml"
_ARGUMENTS = "sweep-args.template.json", ARGUMENTS
"""A template, and the file of a trial that is made of it."""


def sweep_draft(sweep: Sweep, folder: Path, timeout: float | None) -> Draft:
    """Return a study for a sweep.

    ``timeout``: seconds that the first run may take; None: the script is not run. Raises
    ValueError, in a sentence, for a sweep that is none or whose program is not here.
    """
    taken = take(sweep, folder)
    spec = checked(_spec(taken, folder), sweep.called)
    files = _files(taken)
    tried: Tried | None = None
    printed: Printed | None = None
    said: list[str] = []
    if timeout is not None:
        tried, printed, said = first_run(Plan(Found()), spec, folder, files, timeout)
        spec = _after(spec, taken, tried, printed)
    notes = remarks_of(taken, spec, tried)
    if tried is not None and tried.code == 0:
        spec = timed(spec, tried, notes)
        if sweep.run_cap:
            notes["study", "budget"] = f"{RUNS}, {notes['study', 'budget']}"
    advice = [*taken.command.advice, *_untold(taken), *said]
    advice += advice_of(taken, spec, tried, printed)
    return Draft.of(spec, notes, sweep.called, advice=tuple(advice), tried=tried, files=files)


def _spec(taken: Taken, folder: Path) -> StudySpec:
    sweep, fidelity = taken.sweep, taken.fidelity
    length = fidelity.option.name if fidelity else ""
    space = tuple(p.parameter for p in taken.parameters if p.name != length)
    objectives = tuple(_with_summary(goal, taken.texts) for goal in sweep.goals) or (NOBODY,)
    return StudySpec(
        name=as_name(sweep.name) or study_name(taken.command.words, folder, taken.script),
        command=tuple(taken.command.words),
        budget=Budget(_budget(taken)),
        space=space,
        objectives=objectives,
        tasks=fidelity.tasks if fidelity else (Task("full", 1.0),),
        stop_when=1 if any(o.threshold is not None for o in objectives) else 0,
        env=_environment(taken),
        template=_template(taken),
        metrics=(MetricSource("wandb"),) if taken.wandb else (MetricSource(),),
    )


def _with_summary(goal: Objective, texts: Sequence[str]) -> Objective:
    """Return a metric with the summary that the script defines for it, its last value otherwise."""
    for call in (call for text in texts for call in calls(text)):
        if last_name(call.func) != "define_metric":
            continue
        said = keywords(call)
        name = literal(said.get("name") or next(iter(call.args), None))
        summary = literal(said.get("summary"))
        if summary == "best":
            summary = {"minimize": "min", "maximize": "max"}.get(literal(said.get("goal")), "min")
        if isinstance(name, str) and fnmatchcase(goal.metric, name) and summary in ("min", "max"):
            return dataclasses.replace(goal, summary=Summary(summary))
    return goal


def _budget(taken: Taken) -> float:
    """Return the runs that the sweep allows, and no more than a grid has points."""
    amount = float(taken.sweep.run_cap or BUDGET)
    if taken.sweep.method != "grid":
        return amount
    return min(amount, math.prod(value_count(p.parameter) for p in taken.parameters))


def _template(taken: Taken) -> tuple[str, str] | None:
    """Return the template that the study needs, and the file of a trial that it becomes.

    A study has but one: where the command names a file of arguments, a script reads those.
    """
    if taken.command.filed:
        return _ARGUMENTS
    return _SWEPT if taken.wandb else None


def _files(taken: Taken) -> dict[str, str]:
    template, root = _template(taken), tree(taken.parameters)
    if template is None:
        return {}
    return {template[0]: arguments_file(root) if taken.command.filed else sweep_file(root)}


def _environment(taken: Taken) -> dict[str, str]:
    """Return the variables by which wandb finds its configuration and writes where it is read."""
    if not taken.wandb:
        return {}
    env = dict(PLACED)
    if not taken.command.filed:
        env["WANDB_SWEEP_PARAM_PATH"] = f"{{trial_dir}}/{_SWEPT[1]}"
    env |= {"WANDB_PROJECT": taken.sweep.project} if taken.sweep.project else {}
    return env | ({"WANDB_ENTITY": taken.sweep.entity} if taken.sweep.entity else {})


def _after(spec: StudySpec, taken: Taken, tried: Tried, printed: Printed) -> StudySpec:
    """Return the study with what the first run has shown of its metrics."""
    wanted = {goal.metric for goal in taken.sweep.goals}
    if not wanted:
        found = with_metrics(spec, printed)
        own = printed.sources[0].kind in ("stdout", "wandb") and taken.wandb
        return dataclasses.replace(found, metrics=spec.metrics) if own else found
    if wanted & tried.metrics.keys() or not wanted <= printed.values.keys():
        return spec
    return dataclasses.replace(spec, metrics=printed.sources)


def _untold(taken: Taken) -> Sequence[str]:
    if taken.wandb or taken.command.told:
        return []
    return [
        "nothing tells the script its parameters: it does not use wandb, and the sweep's command"
        " has no ${args}"
    ]

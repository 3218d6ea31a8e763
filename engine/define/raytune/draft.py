"""From a script that uses Ray Tune to a study that runs its trainable, unchanged, as its trials.

The source says most (``source.py``); a first run says the rest, and goes before what the source
looks like: the script itself is run up to its search, and the trainable once.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from hpo_tui.engine.define.adapted import Taken, start_of, with_budget
from hpo_tui.engine.define.compose import EXAMPLE, as_name, study_name
from hpo_tui.engine.define.draft import Draft, checked
from hpo_tui.engine.define.first_run import timed
from hpo_tui.engine.define.raytune.goals import (
    STEPS,
    budget_of,
    length_of,
    objectives_of,
    resources_of,
    tasks_of,
)
from hpo_tui.engine.define.raytune.remarks import advice_of, of_budget, remarks_of
from hpo_tui.engine.define.raytune.run import Shown, look
from hpo_tui.engine.define.raytune.source import said_in
from hpo_tui.engine.define.raytune.space import space_of
from hpo_tui.engine.define.script import ADAPTER, Script, adapted
from hpo_tui.engine.spec import ParameterKind, StudySpec, Task
from hpo_tui.engine.spec.names import plain
from hpo_tui.engine.spec.placeholders import braced

OURS = f"{ADAPTER}.raytune"
"""The module that runs a script of Ray Tune's as one trial."""


def ray_tune_draft(script: Script, timeout: float | None) -> Draft:
    """Return a study for a command whose script searches with Ray Tune.

    ``timeout``: seconds that the first run may take; None: the script is not run. Raises
    ValueError, a sentence, for a space that no study can have.
    """
    shown = Shown(said_in(script.texts))
    advice: list[str] = []
    spec, taken = _spec(shown, script)
    if timeout is not None:
        tried, shown.seen, advice = look(spec, script.folder, timeout)
        spec, taken = _spec(shown, script)
        task = _ran(spec, tried.task)
        shown.tried = dataclasses.replace(tried, task=task, metrics=shown.seen.logged)
    notes = remarks_of(shown, spec, taken, script.path)
    if shown.tried is not None and shown.tried.code == 0:
        spec = timed(spec, shown.tried, notes)
    if said := of_budget(shown.told):
        with_budget(notes, said)
    advice += advice_of(shown, spec)
    how = f"its param_space{', as a run has shown it' if shown.seen.told else ''}"
    return Draft.of(spec, notes, how, advice=tuple(advice), tried=shown.tried)


def _ran(spec: StudySpec, task: Task) -> Task:
    """Return the task that a first run was of, with the cost that it has in the study."""
    full = spec.full_task
    steps, whole = task.fidelity.get(STEPS), full.fidelity.get(STEPS)
    if not isinstance(steps, int | float) or not isinstance(whole, int | float) or steps >= whole:
        return full
    same = next((t for t in spec.tasks if t.fidelity.get(STEPS) == steps), None)
    return same or dataclasses.replace(task, cost=steps / whole)


def _spec(shown: Shown, script: Script) -> tuple[StudySpec, list[Taken]]:
    called, told = plain(script.path.name), shown.told
    try:
        taken = space_of(told.searched)
    except ValueError as error:
        raise ValueError(f"{called}: {error}") from None
    space = {t.parameter.name: t.parameter for t in taken}
    varied = any(p.kind is not ParameterKind.FIXED for p in space.values())
    tasks = tasks_of(told, length_of(shown)[0])
    starts = (start_of(flat(point), space) for point in told.search.get("start") or ())
    spec = StudySpec(
        name=as_name(told.name) or study_name(script.words, script.folder, script.path),
        command=tuple(map(braced, adapted(script.words, script.folder, OURS))),
        budget=budget_of(told)[0],
        space=tuple(space.values()) if varied else (EXAMPLE, *space.values()),
        objectives=objectives_of(shown)[0],
        tasks=tasks,
        start=tuple(filter(None, starts)),
        resources=resources_of(told),
        resume=shown.resumes and len(tasks) > 1,
    )
    return checked(spec, called), taken


def flat(point: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Return a configuration with nested tables as ``outer.inner``, also Ray's ``outer/inner``."""
    found: dict[str, Any] = {}
    for key, value in point.items():
        name = f"{above}{key}".replace("/", ".")
        found |= flat(value, f"{name}.") if isinstance(value, Mapping) else {name: value}
    return found

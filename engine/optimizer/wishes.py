"""What is run because somebody asked for it: enqueued, carried on, confirmed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hpo_tui.engine.optimizer.api import Trial
from hpo_tui.engine.optimizer.encoding.completion import completed
from hpo_tui.engine.optimizer.encoding.space import Space
from hpo_tui.engine.optimizer.history import TrialHistory
from hpo_tui.engine.spec import ParameterKind, Params, StudySpec, Value
from hpo_tui.engine.spec.space import partial_faults, validate_params

_TRIES = 1024
"""Random points among which one is looked for that completes a configuration."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A configuration at a task (None: the next one up), or a ``repeat`` of the full task.

    ``source``: the trial that is carried on or repeated.
    """

    params: Params
    task: int | None
    source: int | None
    repeat: bool
    kind: str
    text: str

    def place(self, history: TrialHistory, known: int | None) -> tuple[int, int]:
        """Return the task to run and the seed index of the repeat, 0 for none.

        ``known``: the configuration's id, if it was run before.
        """
        if self.repeat:
            done = [] if known is None else history.of_configuration.get(known, [])
            return history.full, 1 + max(
                (t.repeat for t in done if t.task == history.full), default=0
            )
        if self.task is not None:
            return self.task, 0
        above = 0 if known is None else min(history.reached(known) + 1, history.full)
        return (above if self.source is not None else 0), 0


def wished(
    spec: StudySpec, space: Space, params: Mapping[str, Value], task: int | None, why: str,
    *, rng: np.random.Generator,
) -> Wish:  # fmt: skip
    """Return the wish for a configuration, completed where it is not whole.

    Raises ValueError where it is none of the space.
    """
    faults = "; ".join(partial_faults(spec, params))
    if faults:
        raise ValueError(f"these values are not a configuration of the space: {faults}")
    x = space.encode(params)
    if x is None:
        points = space.filled(space.uniform(_TRIES, rng), rng)
        x = completed(spec, space, params, points)
    if x is None:
        raise ValueError("no configuration with these values keeps the constraints was found")
    whole = exact(spec, space.decode(x[None])[0], params)
    if not space.keeps(whole):
        raise ValueError("this configuration breaks a constraint over the parameters")
    return Wish(
        params=whole,
        task=task,
        source=None,
        repeat=False,
        kind="enqueued",
        text=why or "Asked for.",
    )


def carried_on(history: TrialHistory, number: int, task: int | None, why: str) -> Wish:
    """Return the wish for a trial's configuration at a dearer task. Raises ValueError, KeyError."""
    trial = history.trial(number)
    if trial.task >= (history.full if task is None else task):
        done = history.task_names[trial.task]
        raise ValueError(
            f"trial {number} ran at {done!r}: it can only be continued at a more expensive task"
        )
    text = why or f"Asked for: trial {number} carried on."
    return Wish(
        params=trial.params, task=task, source=number, repeat=False, kind="promoted", text=text
    )


def repeat_of(trial: Trial, text: str) -> Wish:
    """Return the wish for one more full-task run of a trial's configuration, with its own seed."""
    return Wish(
        params=trial.params, task=None, source=trial.number, repeat=True, kind="confirm", text=text
    )


def after_edit(
    wish: Wish, spec: StudySpec, before: Sequence[str], tasks: Sequence[str]
) -> Wish | None:
    """Return a wish as it is after an edit of the study, None where its values or task are gone.

    ``before``, ``tasks``: the names of the tasks, cheapest first, before and after.
    """
    if wish.source is None and validate_params(spec, wish.params):
        return None
    if wish.task is None:
        return wish
    name = before[wish.task]
    return replace(wish, task=tasks.index(name)) if name in tasks else None


def exact(spec: StudySpec, params: Params, given: Mapping[str, Value]) -> Params:
    """Return ``params`` with the digits that the user wrote."""
    out = dict(params)
    for name, value in given.items():
        parameter = next((p for p in spec.space if p.name == name), None)
        if name in out and parameter is not None and parameter.kind is ParameterKind.FLOAT:
            out[name] = float(value)
    return out

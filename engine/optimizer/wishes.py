"""What is run because somebody asked for it: enqueued, carried on, confirmed; and finalists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hpo_tui.engine.optimizer.api import Trial
from hpo_tui.engine.optimizer.encoding.completion import completed
from hpo_tui.engine.optimizer.encoding.space import Space
from hpo_tui.engine.optimizer.history import TrialHistory
from hpo_tui.engine.optimizer.options import Options
from hpo_tui.engine.spec import ParameterKind, Params, StudySpec, Value
from hpo_tui.engine.spec.space import partial_faults, validate_params

_FINALISTS, _SHARE = 3, 0.25
"""Configurations that are repeated at the end, and the share of the budget kept for it at most."""
_TRIES = 1024
"""Random points among which one is looked for that completes a configuration."""


@dataclass(frozen=True, slots=True)
class Wanted:
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
) -> Wanted:  # fmt: skip
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
    return Wanted(
        params=whole,
        task=task,
        source=None,
        repeat=False,
        kind="enqueued",
        text=why or "Asked for.",
    )


def carried_on(history: TrialHistory, number: int, task: int | None, why: str) -> Wanted:
    """Return the wish for a trial's configuration at a dearer task. Raises ValueError, KeyError."""
    trial = history.trial(number)
    if trial.task >= (history.full if task is None else task):
        done = history.task_names[trial.task]
        raise ValueError(
            f"trial {number} ran at {done!r}: it can only be continued at a more expensive task"
        )
    text = why or f"Asked for: trial {number} carried on."
    return Wanted(
        params=trial.params, task=task, source=number, repeat=False, kind="promoted", text=text
    )


def repeat_of(trial: Trial, text: str) -> Wanted:
    """Return the wish for one more full-task run of a trial's configuration, with its own seed."""
    return Wanted(
        params=trial.params, task=None, source=trial.number, repeat=True, kind="confirm", text=text
    )


def after_edit(
    wish: Wanted, spec: StudySpec, before: Sequence[str], tasks: Sequence[str]
) -> Wanted | None:
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


def finalist(
    history: TrialHistory, options: Options, best: Sequence[int], repeats: int, budget: float
) -> Wanted | None:
    """Return a repeat of the finalist with the fewest, if what is left is for repeats.

    Kept for them: what three finalists take, at most a quarter of the ``budget``. Finalists are
    those of the ``best`` that are least bad in anything: the ends of a front, good in one objective
    alone, need no confirming.
    """
    price = options.price(None, history.full)
    reserve = min((repeats - 1) * _FINALISTS * price, _SHARE * budget)
    if options.room > reserve + price:
        return None
    runs = {n: _runs(history, n) for n in compromises(history, best)[:_FINALISTS]}
    number = min(runs, key=lambda n: runs[n], default=None)
    if number is None or runs[number] >= repeats:
        return None
    text = f"Repeat of trial {number}, one of the best, with another seed."
    return repeat_of(history.trials[number], text)


def compromises(history: TrialHistory, best: Sequence[int]) -> list[int]:
    """Order trials by their worst rank in any objective; ties stay as they are."""
    goals = history.spec.objectives
    losses = [[history.trials[n].metrics[o.metric] * o.sign for o in goals] for n in best]
    if len(goals) < 2 or len(best) < 2:
        return list(best)
    worst = np.argsort(np.argsort(losses, axis=0, kind="stable"), axis=0).max(axis=1)
    return [best[i] for i in np.argsort(worst, kind="stable")]


def _runs(history: TrialHistory, number: int) -> int:
    """How often a trial's configuration has been or is being run at the full task."""
    trials = history.of_configuration[history.trials[number].configuration]
    return sum(t.task == history.full and t.state in ("running", "complete") for t in trials)

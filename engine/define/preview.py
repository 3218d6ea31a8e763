"""What a study will do, before it does: configurations, commands, the budget in words."""

import random
import re
import shlex
from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from hpo_tui.engine.define.script import adapts, script_of
from hpo_tui.engine.define.sources.client import CLIENT
from hpo_tui.engine.define.sources.texts import local_sources, read
from hpo_tui.engine.define.space_advice import about_space
from hpo_tui.engine.numerals import brief
from hpo_tui.engine.spec import BudgetUnit, Params, StudySpec, Value
from hpo_tui.engine.spec.command import command_line, placeholder_values
from hpo_tui.engine.spec.names import plural, show
from hpo_tui.engine.spec.placeholders import used
from hpo_tui.engine.spec.space import InfeasibleError, compiled_constraints, sample
from hpo_tui.engine.spec.units import show_duration

_SAVES = re.compile(r"\btrial\.checkpoint\b|\bHPO_(CHECKPOINT|TRIAL_DIR)\b")
_PLACES = re.compile(r"\b(WANDB_DIR|HPO_TRIAL_DIR)\b")
"""How a script has W&B write in its trial's folder."""


@dataclass(frozen=True, slots=True)
class Preview:
    """``commands``: what the first configuration runs at each task. ``advice``: likely slips."""

    configurations: tuple[Params, ...]
    commands: tuple[tuple[str, str], ...]
    budget: tuple[str, ...]
    advice: tuple[str, ...]

    def text(self) -> str:
        """Return all of it as lines to read."""
        lines = ["Configurations, drawn at random:"]
        lines += [
            "  " + "  ".join(f"{k}={_brief(v)}" for k, v in params.items())
            for params in self.configurations
        ]
        if self.commands:
            lines += ["", "The first of them runs:"]
            lines += [f"  {name}: {command}" for name, command in self.commands]
        lines += ["", *self.budget]
        if self.advice:
            lines += ["", "Please check:", *(f"  - {a}" for a in self.advice)]
        return "\n".join(lines)


def preview(spec: StudySpec, n: int = 10) -> Preview:
    """Return what a study will do, with ``n`` configurations that it may run."""
    rng = random.Random(spec.seed)
    relations = compiled_constraints(spec)
    advice = list(advise(spec))
    drawn: list[Params] = []
    try:
        drawn = [sample(spec.space, relations, rng) for _ in range(n)]
    except InfeasibleError as error:
        advice.insert(0, str(error))
    commands = []
    if drawn and spec.command:
        where = Path("trials/0001")
        for task in spec.tasks_by_cost:
            values = placeholder_values(spec, drawn[0], task, where, trial=1)
            commands.append((task.name, shlex.join(command_line(spec, values))))
    return Preview(tuple(drawn), tuple(commands), buys(spec), tuple(advice))


def buys(spec: StudySpec, seconds: float | None = None) -> tuple[str, ...]:
    """Say in sentences what the budget is enough for.

    ``seconds``: how long the full task takes, if that is known.
    """
    amount, unit = spec.budget.amount, spec.budget.unit
    cheap, full = spec.tasks_by_cost[0], spec.full_task
    if unit is BudgetUnit.TRIALS:
        return (f"The budget is {plural(amount, 'trial')}, of whatever task.",)
    if unit is not BudgetUnit.FULL:
        per = "GPU time" if unit is BudgetUnit.GPU_HOURS else "wall time"
        hours = amount * 3600 if unit is BudgetUnit.GPU_HOURS else amount
        said = [f"The budget is {show_duration(round(hours))} of {per}."]
        if seconds:
            count = plural(round(hours / seconds), "run")
            said.append(f"That is about {count} of {show(full.name)}.")
        return tuple(said)
    said = [f"The budget is enough for {plural(amount, 'run')} of {show(full.name)} from scratch."]
    if cheap is not full:
        count = plural(int(amount / cheap.cost + 1e-9), "run")
        said.append(f"At {show(cheap.name)} (cost {brief(cheap.cost)}) alone it would be {count}.")
        margin = spec.marginal_cost(full, cheap.cost)
        said.append(
            f"Half of it at {show(cheap.name)} looks at "
            f"{plural(int(amount / 2 / cheap.cost + 1e-9), 'configuration')}; "
            f"the other half takes {int(amount / 2 / margin + 1e-9)} of them to "
            f"{show(full.name)}, for {brief(margin)} each."
        )
    if seconds:
        total = amount * seconds / max(1, spec.resources.slots)
        slots = f" with {spec.resources.slots} at once" if spec.resources.slots > 1 else ""
        said.append(f"In time: about {show_duration(max(1, round(total)))}{slots}.")
    return tuple(said)


def _brief(value: Value) -> str:
    return brief(value, 4) if isinstance(value, float) else show(value)


def advise(spec: StudySpec) -> Sequence[str]:
    """Return what is allowed and yet probably not meant."""
    advice = []
    words = [*spec.command, *spec.env.values()]
    names = used(words)
    own = names - ({"trial_dir", "seed", "resume", "checkpoint"} - {p.name for p in spec.space})
    if "params_file" not in own and not spec.template and (own or not _in_source(spec, CLIENT)):
        advice += [
            f"{show(p.name)} is not in the command: the script sees it only if it reads HPO_PARAMS"
            for p in spec.free
            if p.name not in own
        ]
        fidelities = dict.fromkeys(n for t in spec.tasks for n in t.fidelity)
        advice += [
            f"the fidelity {show(n)} is not in the command: {{{n}}}"
            for n in fidelities
            if n not in own
        ]
    variable = next((w for w in spec.command if w.startswith(("$", "~"))), None)
    if variable:
        advice.append(f"{show(variable)} stays as it is written: no shell expands it")
    advice += [
        *_checkpoints(spec, names),
        *_runs(spec, names),
        *_patterns(spec),
        *about_space(spec),
    ]
    if spec.repeats > 1 and "seed" not in names and not spec.template:
        advice.append("repeats need another seed each: use {seed} in the command, or HPO_SEED")
    return advice


def unguarded(spec: StudySpec) -> str:
    """Return that nothing ends a trial that hangs, and what would; empty where something does."""
    resources = spec.resources
    if not spec.command or resources.stall is not None or resources.timeout is not None:
        return ""
    return (
        'nothing ends a trial that hangs; under [resources], stall = "1h" ends one that reports'
        " nothing for an hour, timeout one that takes too long in all"
    )


def _in_source(spec: StudySpec, what: re.Pattern[str]) -> bool:
    return spec.source is None or asks(spec.command, spec.source.absolute().parent, what)


def asks(command: Sequence[str], folder: Path, what: re.Pattern[str] = CLIENT) -> bool:
    """Whether a command's script can ask for parameters by itself: yes, where nobody knows."""
    if what is CLIENT and adapts(command):
        return True
    script = script_of(command, folder)
    if script is not None:
        texts = local_sources(script, folder)
    else:
        shell = next((folder / w for w in command[:2] if w.endswith((".sh", ".bash"))), None)
        texts = [text] if shell and (text := read(shell)) else []
    return not texts or any(what.search(text) for text in texts)


def _checkpoints(spec: StudySpec, names: Set[str]) -> list[str]:
    """Say where a promotion will find nothing to go on from, or pays for what it need not."""
    if "resume" not in names or len(spec.tasks) < 2:
        return []
    if not spec.resume:
        return ["{resume} is in the command: without resume = true every promotion pays in full"]
    # The folder is also told by a file with the parameters, and by its own place; nothing is looked
    # for beside it.
    told = bool(names & {"checkpoint", "params_file"}) or spec.template is not None
    saved = told or any("{trial_dir}/checkpoint" in word for word in spec.command)
    if saved or _in_source(spec, _SAVES):
        return []
    return [
        "{resume} is in the command and {checkpoint} is not: a promotion does not find what is "
        "saved elsewhere, starts from the beginning and pays in full. Have the script save there"
    ]


def _runs(spec: StudySpec, names: Set[str]) -> list[str]:
    """Say that nothing has W&B write its runs where they are read."""
    read = any(source.kind == "wandb" for source in spec.metrics)
    if not read or "trial_dir" in names or _in_source(spec, _PLACES):
        return []
    return [
        "W&B's runs are read in {trial_dir}, and nothing has them written there: set"
        ' WANDB_DIR = "{trial_dir}" under [env]'
    ]


def _patterns(spec: StudySpec) -> list[str]:
    """Return which metrics no pattern finds, where nothing but patterns is looked at."""
    if not all(source.pattern for source in spec.metrics):
        return []
    found = {
        source.rename.get(group, group).lower()
        for source in spec.metrics
        for group in re.compile(source.pattern or "").groupindex
    }
    return [
        f"no pattern has a group for {show(name)}, as (?P<{name}>…) or by rename: only a script"
        " that reports by itself gives it"
        for name in spec.metric_names
        if name.lower() not in found and not _in_source(spec, CLIENT)
    ]

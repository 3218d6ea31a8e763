"""From options, proposals and a first run to a study."""

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hpo_tui.engine.define import outputs
from hpo_tui.engine.define.fidelity import Fidelity, find_fidelity
from hpo_tui.engine.define.guess import Proposal, propose
from hpo_tui.engine.define.interplay import settle, shorter_than_tasks
from hpo_tui.engine.define.options import Found, Option, bare_name
from hpo_tui.engine.define.printed import Printed
from hpo_tui.engine.define.sources.texts import is_file
from hpo_tui.engine.spec import (
    Budget,
    Direction,
    Objective,
    Parameter,
    ParameterKind,
    Params,
    StudySpec,
    Task,
    Value,
)
from hpo_tui.engine.spec.placeholders import braced
from hpo_tui.engine.spec.values import native, value_fault

_SEED = re.compile(r"(random_|rng_|manual_)?seed|seed_everything|random_state")
BUDGET = 40.0
"""Runs of the full task that a study is given to begin with."""
EXAMPLE = Parameter("lr", ParameterKind.FLOAT, 1e-4, 1e-1, log=True)
"""What stands in a study for which no parameter was found."""
NOBODY = Objective("loss", Direction.MINIMIZE)
"""A stand-in for the objective until a run has shown one."""
_DULL = ("main", "train", "run", "script", "experiment", "trainer", "cli", "app", "__main__")
"""Names of scripts that tell nothing, so that the folder's is taken for the study."""


@dataclass(slots=True)
class Plan:
    """What goes into a study: proposals by option, the fidelity, what is left alone.

    ``guesses``: those left alone for which a range could only be guessed. ``placed``: options that
    say where the script writes, and where each trial does. ``stated``: the ranges are the user's
    own, of a sweep.
    """

    found: Found
    proposals: list[tuple[Option, Proposal]] = field(default_factory=list)
    fidelity: Fidelity | None = None
    seed: Option | None = None
    left: list[Option] = field(default_factory=list)
    guesses: list[Option] = field(default_factory=list)
    placed: list[tuple[Option, str]] = field(default_factory=list)
    stated: bool = False


def make_plan(found: Found, folder: Path) -> Plan:
    """Decide about each option: fidelity, parameter, seed, its own place, or left as it is."""
    plan = Plan(found, fidelity=find_fidelity(found.options))
    whole = plan.fidelity.option if plan.fidelity else None
    names = {whole.name.lower()} if whole else set[str]()
    for option in (o for o in found.options if whole is None or o.name != whole.name):
        nowhere = option.style == "positional" and option.word < 0
        other = option.style != "fidelity" and option.name.lower() not in names and not nowhere
        if plan.seed is None and not nowhere and _is_seed(option):
            plan.seed = option
        elif other and (proposal := propose(option)) is not None:
            plan.proposals.append((option, proposal))
            names.add(option.name.lower())
        else:
            plan.left.append(option)
    plan.proposals, dropped, plan.guesses = settle(plan.proposals)
    if plan.fidelity is not None:
        fidelity = plan.fidelity
        plan.proposals = shorter_than_tasks(plan.proposals, fidelity.option, fidelity.tasks)
    plan.left = [o for o in found.options if o in plan.left or o in dropped]
    plan.placed, plan.left = outputs.place_outputs(plan.left, folder)
    return plan


def _is_seed(option: Option) -> bool:
    """Whether an option is a seed that the command can be told."""
    told = option.style not in ("constant", "params", "fidelity") and option.kind != "bool"
    return told and is_seed(option.name)


def is_seed(name: str) -> bool:
    """Whether a name, which may have others before it (``trainer.seed``), is that of a seed."""
    return _SEED.fullmatch(bare_name(name)) is not None


def make_spec(plan: Plan, words: Sequence[str], folder: Path, script: Path | None) -> StudySpec:
    """Return the study before anything was run, with a stand-in for its objective."""
    words = plan.found.words if plan.found.words is not None else words
    command, env = _command(plan, words)
    space = tuple(p.parameter for _, p in plan.proposals) or (EXAMPLE,)
    return StudySpec(
        name=study_name(words, folder, script),
        command=tuple(command),
        budget=Budget(BUDGET),
        space=space,
        objectives=(NOBODY,),
        tasks=plan.fidelity.tasks if plan.fidelity else (Task("full", 1.0),),
        start=(defaults,) if (defaults := default_params(plan)) and plan.proposals else (),
        env=env,
        resume=plan.found.resumes and plan.fidelity is not None,
        template=(plan.found.template[0], _target(plan)) if plan.found.template else None,
    )


def _command(plan: Plan, words: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Return the command with a placeholder for each thing that is told, and the environment."""
    told = [o for o, _ in plan.proposals]
    told += [plan.fidelity.option] if plan.fidelity else []
    command = [braced(word) for word in words]
    # The one placeholder that find_options itself has put in, for the filled-in template.
    if plan.found.template is not None:
        command = [w.replace("{{trial_dir}}", "{trial_dir}") for w in command]
    named = [(o, o.name) for o in told] + ([(plan.seed, "seed")] if plan.seed else [])
    for option, name in named:
        if option.style == "positional":
            command[option.word] = f"{{{name}}}"
    env = {}
    for option, name in named:
        if option.style == "environment":
            env[option.name] = f"{{{name}}}"
        elif option.style in ("flag", "equals"):
            command = with_option(command, option, f"{{{name}}}")
    for option, place in plan.placed:
        command = with_option(command, option, place)
    said = {word.partition("=")[0] for word in command}
    command += [word for word in plan.found.also if word.partition("=")[0] not in said]
    command += _pairs(plan, told, command)
    return command, env


def _pairs(plan: Plan, told: Sequence[Option], command: Sequence[str]) -> list[str]:
    """Return the keys and values that the command ends with, after the flag that they follow."""
    named = [(o.flag, f"{{{o.name}}}") for o in told if o.style == "pair"]
    if plan.seed is not None and plan.seed.style == "pair":
        named.append((plan.seed.flag, "{seed}"))
    flag = plan.found.pairs
    first = [flag] if named and flag and flag not in command else []
    return [*first, *(word for pair in named for word in pair)]


def _target(plan: Plan) -> str:
    """Return the name under which the command expects the filled-in template."""
    word = next(w for w in plan.found.words or () if "{trial_dir}/" in w)
    return word.rpartition("{trial_dir}/")[2]


def with_option(command: list[str], option: Option, value: str) -> list[str]:
    """Return the command with a value, a placeholder, in the place of one that it has."""
    flag = option.flag
    if option.switch:
        name = value.strip("{}")
        kept = [w for w in command if w not in (flag, option.off)]
        off = [f"{{?!{name}:{option.off}}}"] if option.off else []
        return [*kept, f"{{?{name}:{flag}}}", *off]
    joined = option.style == "equals" or option.any_word
    if option.any_word:
        value = f"{{?{value.strip('{}')}:True}}"
    pair = [f"{flag}={value}"] if joined else [flag, value]
    for n, word in enumerate(command):
        if word.startswith(f"{flag}="):
            return [*command[:n], f"{flag}={value}", *command[n + 1 :]]
        if word == flag and n + 1 < len(command):
            return [*command[:n], *pair, *command[n + 2 :]]
    return [*command, *pair]


def default_params(plan: Plan) -> Params:
    """Return the script's own defaults as a configuration, of the parameters that have one."""
    params: Params = {}
    for option, proposal in plan.proposals:
        value: Value | None = option.default
        if value is not None and value_fault(proposal.parameter, value) is None:
            params[option.name] = native(proposal.parameter, value)
    inactive = [p.parameter.name for _, p in plan.proposals if not p.parameter.active(params)]
    return {name: value for name, value in params.items() if name not in inactive}


def with_metrics(spec: StudySpec, printed: Printed) -> StudySpec:
    """Return the study with the objective that its output speaks for."""
    ranked = printed.ranked()
    if not ranked:
        return spec
    metric = ranked[0]
    direction = printed.direction(metric) or Direction.MINIMIZE
    objective = Objective(metric, direction)
    return dataclasses.replace(spec, objectives=(objective,), metrics=printed.sources)


def study_name(words: Sequence[str], folder: Path, script: Path | None) -> str:
    """Return a name for the study: the script's, or its folder's where that says more."""
    home = script.absolute().parent if script else folder.absolute()
    own = (w for w in words if not Path(w).is_absolute() and is_file(folder / w))
    stem = script.stem if script else Path(next(own, "")).stem
    raw = stem if stem and stem.lower() not in _DULL else home.name
    return as_name(raw) or "study"


def as_name(text: str) -> str:
    """Return a text as the name of a study, which is that of its folder too; "" if none is left."""
    return re.sub(r"[^\w-]+", "-", text).strip("-_")[:60]

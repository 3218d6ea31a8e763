"""The search space of a Hydra sweep, as ``hydra.sweeper.params`` states it.

Read are Hydra's functions (``interval``, ``range``, ``choice``, ``int``, ``tag(log, …)``, or a mere
list) and the tables of the Optuna sweeper's older ``search_space``, in the primary configuration or
in that of a group which the command chooses, such as ``hparams_search=mnist``.
"""

import dataclasses
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpo_tui.engine.define.compose import Plan
from hpo_tui.engine.define.files import hydra_folder, load
from hpo_tui.engine.define.guess import Proposal
from hpo_tui.engine.define.options import Option, typed
from hpo_tui.engine.define.optuna.values import of_choices, of_range
from hpo_tui.engine.spec import Budget, Direction, Parameter, ParameterKind, StudySpec
from hpo_tui.engine.spec.names import plain
from hpo_tui.engine.spec.text.toml_text import toml_key

_SWEEPS = {"-m", "--multirun", "hydra.mode=MULTIRUN"}
"""Words that have Hydra run many jobs: a trial is one."""
_CALL = re.compile(r"\s*(\w+)\s*\((.*)\)\s*", re.DOTALL)
_KINDS = {ParameterKind.INT: "int", ParameterKind.FLOAT: "float"}


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep that a configuration states. ``words``: the command that runs one job of it.

    ``file``: where it stands. ``said``: each parameter as it stands there. ``unread``: parameters
    that could not be read.
    """

    words: tuple[str, ...]
    file: str
    space: Mapping[str, Parameter]
    said: Mapping[str, str]
    unread: tuple[str, ...] = ()
    direction: Direction | None = None
    metric: str = ""
    trials: int | None = None

    def applied(self, plan: Plan) -> Plan:
        """Return a plan that searches what the sweep does, and nothing else."""
        known = {option.name: option for option in plan.found.options}
        proposals = []
        for name, parameter in self.space.items():
            kind = _KINDS.get(parameter.kind, "text")
            option = known.get(name) or Option(name, name, kind, style="equals")  # type: ignore[arg-type]
            proposals.append((option, Proposal(parameter, self.said[name])))
        fidelity = plan.fidelity
        if fidelity is not None and fidelity.option.name in self.space:
            fidelity = None
        used = {*self.space, *([fidelity.option.name] if fidelity else [])}
        used |= {plan.seed.name} if plan.seed else set()
        left = [option for option in plan.found.options if option.name not in used]
        found = dataclasses.replace(plan.found, how=f"the sweep in {self.file}")
        return dataclasses.replace(
            plan, found=found, proposals=proposals, fidelity=fidelity, left=left, guesses=[],
            stated=True,
        )  # fmt: skip

    def with_goal(self, spec: StudySpec, seen: Collection[str]) -> StudySpec:
        """Return a study with the sweep's direction and number of trials, and with its metric.

        ``seen``: the metrics that a run has shown, if there was a good one. A metric that it has
        not shown would leave every trial without a result.
        """
        first = spec.objectives[0]
        metric = self.metric if self.metric and (self.metric in seen or not seen) else first.metric
        first = dataclasses.replace(first, metric=metric)
        first = dataclasses.replace(first, direction=self.direction or first.direction)
        budget = Budget(float(self.trials)) if self.trials else spec.budget
        return dataclasses.replace(spec, objectives=(first,), budget=budget)


def hydra_sweep(words: Sequence[str], script: Path | None, text: str) -> Sweep | None:
    """Return the sweep of a Hydra script's configuration, None where none states any."""
    folder = hydra_folder(script, text) if script is not None and "@hydra.main" in text else None
    if folder is None:
        return None
    for file, data in _configurations(words, *folder):
        sweeper = _inside(data, "hydra", "sweeper")
        params = sweeper.get("params") or sweeper.get("search_space")
        if not isinstance(params, dict):
            continue
        read = {str(name): _parameter(str(name), said) for name, said in params.items()}
        trials, direction = sweeper.get("n_trials"), sweeper.get("direction")
        direction = direction[0] if isinstance(direction, list) and direction else direction
        metric = data.get("optimized_metric")
        return Sweep(
            _single(words, data),
            file,
            {n: p for n, p in read.items() if p and p.kind is not ParameterKind.FIXED},
            {str(name): _shown(said) for name, said in params.items()},
            tuple(name for name, parameter in read.items() if parameter is None),
            Direction(direction) if direction in ("minimize", "maximize") else None,
            metric if isinstance(metric, str) else "",
            trials if isinstance(trials, int) and trials > 0 else None,
        )
    return None


def _configurations(
    words: Sequence[str], folder: Path, primary: str
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the configurations that the command chooses, and the primary one, by their names."""
    for word in words:
        group, _, chosen = word.lstrip("+").partition("=")
        file = folder / group / f"{chosen}.yaml"
        if chosen and (data := load(file)):
            yield file.name, data
    data = load(folder / f"{primary}.yaml")
    yield f"{primary}.yaml", data
    entries = data.get("defaults")
    for entry in entries if isinstance(entries, list) else ():
        for group, chosen in entry.items() if isinstance(entry, dict) else ():
            place = folder / str(group).removeprefix("override ").lstrip("/")
            if found := load(place / f"{chosen}.yaml"):
                yield f"{chosen}.yaml", found


def _single(words: Sequence[str], data: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the words that run one job of a configuration which may ask for many."""
    kept = [w for w in words if w not in _SWEEPS]
    many = str(_inside(data, "hydra").get("mode", "")).upper() == "MULTIRUN"
    return (*kept, *(["hydra.mode=RUN"] if many else []))


def _inside(data: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    for key in keys:
        found = data.get(key)
        data = found if isinstance(found, dict) else {}
    return data


def _shown(said: Any) -> str:
    return said if isinstance(said, str) else str(said)


def _parameter(name: str, said: Any) -> Parameter | None:
    """Return what a line of ``params`` searches, None if it cannot be read."""
    try:
        if isinstance(said, dict):
            return _from_table(name, said)
        return _from_call(name, said) if isinstance(said, str) else None
    except (TypeError, ValueError):
        return None


def _from_table(name: str, said: Mapping[str, Any]) -> Parameter | None:
    kind = str(said.get("type"))
    if kind == "categorical":
        return of_choices(name, tuple(said["choices"])) if said.get("choices") else None
    if kind not in ("int", "float"):
        return None
    ends = float(said.get("low", "")), float(said.get("high", ""))
    return of_range(name, kind == "int", ends, step=said.get("step"), log=bool(said.get("log")))


def _from_call(name: str, said: str, *, log: bool = False, whole: bool = False) -> Parameter | None:
    found = _CALL.fullmatch(said)
    if found is None:
        choices = _split(said)
        return of_choices(name, tuple(map(typed, choices))) if len(choices) > 1 else None
    function, inside = found[1], _split(found[2])
    if function in ("tag", "int", "float", "shuffle"):
        log = log or (function == "tag" and "log" in inside[:-1])
        return _from_call(name, inside[-1], log=log, whole=whole or function == "int")
    values = [typed(part) for part in inside]
    if function == "choice":
        return of_choices(name, tuple(values))
    if function not in ("interval", "range") or len(values) < 2:
        return None
    low, high = float(values[0]), float(values[1])
    whole = whole or (function == "range" and not any(isinstance(v, float) for v in values))
    step = float(values[2]) if len(values) > 2 else 1.0 if function == "range" else None
    return of_range(name, whole, (low, high), step=step, log=log)


def _split(text: str) -> list[str]:
    """Return the parts between commas that stand in no brackets, without quotes around them."""
    parts, deep = [""], 0
    for letter in text:
        deep += (letter in "([{") - (letter in ")]}")
        if letter == "," and deep == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip().strip("'\"") for part in parts]


def unread_advice(sweep: Sweep) -> list[str]:
    """Say which parameters of a sweep were not understood."""
    return [
        f"{plain(name)} in {plain(sweep.file)} could not be read ({plain(sweep.said[name])}): write"
        f" [space.{toml_key(name)}] by hand"
        for name in sweep.unread
    ]

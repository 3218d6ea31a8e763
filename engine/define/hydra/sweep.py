"""A Hydra sweep: the ranges that ``hydra.sweeper.params`` states, or the words of a multirun.

They are read in the primary configuration, in that of a group which the command chooses, such as
``hparams_search=mnist``, and behind ``-m`` on the command line, which goes first.
"""

import dataclasses
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hpo_tui.engine.define.compose import Plan
from hpo_tui.engine.define.files import load
from hpo_tui.engine.define.guess import Proposal
from hpo_tui.engine.define.hydra.options import RUN_FOLDER, hydra_folder
from hpo_tui.engine.define.hydra.values import parameter_of
from hpo_tui.engine.define.options import Option
from hpo_tui.engine.define.script import script_at
from hpo_tui.engine.spec import Budget, Direction, Parameter, ParameterKind, StudySpec
from hpo_tui.engine.spec.names import plain
from hpo_tui.engine.spec.text.toml_text import toml_key

_MULTIRUN = {"-m", "--multirun", "hydra.mode=MULTIRUN"}
"""Words that have Hydra run many jobs: a trial is one."""
_SWEPT = re.compile(r"(\+{0,2}[A-Za-z_][\w./@-]*)=(.+)", re.DOTALL)
_KINDS = {ParameterKind.INT: "int", ParameterKind.FLOAT: "float"}
_Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sweep:
    """What a sweep searches. ``words``: the command that runs one job of it.

    ``place``: where it stands. ``space`` and ``said``: each parameter, and as it stands there, by
    the name that Hydra is told, which may begin with a plus. ``unread``: what was not understood.
    """

    words: tuple[str, ...]
    place: str
    space: Mapping[str, Parameter]
    said: Mapping[str, str]
    unread: tuple[str, ...] = ()
    directions: tuple[Direction, ...] = ()
    metric: str = ""
    trials: int | None = None

    def applied(self, plan: Plan) -> Plan:
        """Return a plan that searches what the sweep does, and nothing else, if that is known."""
        if not self.space:
            return plan
        known = {option.name: option for option in plan.found.options}
        proposals = []
        for flag, parameter in self.space.items():
            kind = _KINDS.get(parameter.kind, "text")
            option = known.get(parameter.name) or Option(parameter.name, flag, kind, style="equals")  # type: ignore[arg-type]
            option = dataclasses.replace(option, flag=flag)
            proposals.append((option, Proposal(parameter, self.said[flag])))
        names = {parameter.name for parameter in self.space.values()}
        fidelity, seed = plan.fidelity, plan.seed
        fidelity = None if fidelity and fidelity.option.name in names else fidelity
        seed = None if seed and seed.name in names else seed
        used = names | {fidelity.option.name if fidelity else "", seed.name if seed else ""}
        left = [option for option in plan.found.options if option.name not in used]
        how = f"the sweep in {self.place}"
        found = dataclasses.replace(plan.found, how=how, also=RUN_FOLDER, advice=())
        return dataclasses.replace(
            plan, found=found, proposals=proposals, fidelity=fidelity, seed=seed, left=left,
            guesses=[], stated=True,
        )  # fmt: skip

    def with_goal(self, spec: StudySpec, seen: Collection[str]) -> StudySpec:
        """Return a study with the sweep's direction and number of trials, and with its metric.

        ``seen``: the metrics that a run has shown, if there was a good one. A metric that it has
        not shown would leave every trial without a result.
        """
        first = spec.objectives[0]
        metric = self.metric if self.metric and (self.metric in seen or not seen) else first.metric
        direction = self.directions[0] if self.directions else first.direction
        first = dataclasses.replace(first, metric=metric, direction=direction)
        budget = Budget(float(self.trials)) if self.trials else spec.budget
        return dataclasses.replace(spec, objectives=(first,), budget=budget)


@dataclass(slots=True)
class _Stated:
    """A sweep as it stands: its parameters, where, and what is said beside them."""

    params: dict[str, Any] = field(default_factory=dict)
    places: list[str] = field(default_factory=list)
    sweeper: _Data = field(default_factory=dict)
    data: _Data = field(default_factory=dict)


def hydra_sweep(words: Sequence[str], folder: Path, script: Path | None, text: str) -> Sweep | None:
    """Return the sweep of a Hydra script's configuration or command, None where there is none.

    A multirun of which nothing is known is one without a space: a trial is still a single job.
    """
    if script is None or "@hydra.main" not in text:
        return None
    begin = script_at(words, folder) + 1  # a -m before that is Python's
    given = words[begin:]
    place = hydra_folder(script, text, given)
    files = list(_configurations(given, *place)) if place else []
    stated = _in_files(files)
    modes = [str(_inside(data, "hydra").get("mode")).upper() for _, data in files]
    by_file = "MULTIRUN" in modes
    many = by_file or not _MULTIRUN.isdisjoint(given)
    swept = dict(_in_words(given)) if many else {}
    stated.params |= swept
    stated.places += ["the command"] if swept else []
    if not stated.params and not many:
        return None
    closed = _by_optuna(given, [data for _, data in files])
    read = {
        name: parameter_of(name.lstrip("+"), said, closed=closed)
        for name, said in stated.params.items()
    }
    fixed = {n: p for n, p in read.items() if p and p.kind is ParameterKind.FIXED}
    single = [*_single(given, swept, fixed), *(["hydra.mode=RUN"] if by_file else [])]
    trials, metric = stated.sweeper.get("n_trials"), stated.data.get("optimized_metric")
    return Sweep(
        words=(*words[:begin], *single),
        place=" and ".join(stated.places),
        space={n: p for n, p in read.items() if p and n not in fixed},
        said={n: said if isinstance(said, str) else str(said) for n, said in stated.params.items()},
        unread=tuple(name for name, parameter in read.items() if parameter is None),
        directions=_directions(stated.sweeper.get("direction")),
        metric=metric if isinstance(metric, str) else "",
        trials=trials if isinstance(trials, int) and trials > 0 else None,
    )


def _in_files(files: Sequence[tuple[str, _Data]]) -> _Stated:
    """Return the sweep of the first configuration that states one."""
    for file, data in files:
        sweeper = _inside(data, "hydra", "sweeper")
        params = sweeper.get("params") or sweeper.get("search_space")
        if isinstance(params, dict):
            return _Stated({str(n): said for n, said in params.items()}, [file], sweeper, data)
    return _Stated()


def _in_words(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the words of a multirun that have more than one value, or may have: ``glob(*)``."""
    for word in words:
        found = _SWEPT.fullmatch(word)
        if found is None or found[1].startswith(("hydra.", "hydra/")):
            continue
        parameter = parameter_of(found[1], found[2], closed=False)
        if parameter is None or parameter.kind is not ParameterKind.FIXED:
            yield found[1], found[2]


def _configurations(
    words: Sequence[str], folder: Path, primary: str
) -> Iterator[tuple[str, _Data]]:
    """Yield the configurations that the command chooses, and the primary one, by their names."""
    for word in words:
        group, _, chosen = word.lstrip("+").partition("=")
        file = folder / group / f"{chosen}.yaml"
        if chosen and (data := load(file)):
            yield file.name, data
    data = load(folder / f"{primary}.yaml")
    yield f"{primary}.yaml", data
    for group, chosen in _defaults(data):
        if found := load(folder / group / f"{chosen}.yaml"):
            yield f"{chosen}.yaml", found


def _defaults(data: _Data) -> Iterator[tuple[str, str]]:
    """Yield the groups that a configuration's list of defaults names, with what it chooses."""
    entries = data.get("defaults")
    for entry in entries if isinstance(entries, list) else ():
        for group, chosen in entry.items() if isinstance(entry, dict) else ():
            yield re.sub(r"^(override |optional )*/?", "", str(group)), str(chosen)


def _by_optuna(words: Sequence[str], files: Sequence[_Data]) -> bool:
    """Whether Optuna's sweeper is chosen, for which a range has its end."""
    sweepers = [_inside(data, "hydra", "sweeper") for data in files]
    chosen = [c for data in files for group, c in _defaults(data) if group == "hydra/sweeper"]
    chosen += [str(sweeper.get("_target_")) for sweeper in sweepers]
    chosen += [word for word in words if word.startswith("hydra/sweeper=")]
    return any("optuna" in said for said in chosen) or any("n_trials" in s for s in sweepers)


def _single(
    words: Sequence[str], swept: Collection[str], fixed: Mapping[str, Parameter]
) -> list[str]:
    """Return the words that run one job, with what is the same in all jobs of the sweep."""
    said = {word.partition("=")[0] for word in words}
    kept = [w for w in words if w not in _MULTIRUN and w.partition("=")[0] not in swept]
    return kept + [f"{name}={p.value}" for name, p in fixed.items() if name not in said]


def _directions(said: Any) -> tuple[Direction, ...]:
    every = said if isinstance(said, list) else [said]
    return tuple(Direction(d) for d in every if d in ("minimize", "maximize"))


def _inside(data: _Data, *keys: str) -> _Data:
    for key in keys:
        found = data.get(key)
        data = found if isinstance(found, dict) else {}
    return data


def sweep_advice(sweep: Sweep) -> list[str]:
    """Say what of a sweep the study has not."""
    advice = [
        f"{plain(name)} in {plain(sweep.place)} could not be read ({plain(sweep.said[name])}):"
        f" write [space.{toml_key(name.lstrip('+'))}] by hand"
        for name in sweep.unread
    ]
    if not sweep.space:
        advice.append("no sweep of several values was found: what is searched are guesses")
    if len(sweep.directions) > 1:
        named = ", ".join(sweep.directions)
        advice.append(
            f"the sweep has {len(sweep.directions)} objectives ({named}), and the study the first"
            " of them: write an [[objective]] for each"
        )
    return advice

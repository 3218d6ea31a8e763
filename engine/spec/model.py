"""The study as a frozen dataclass, which every other part of the program agrees on.

It is read from tables by the ``read_*`` modules, each of which checks what it reads; they are
imported when a study is read, so that importing this takes a few milliseconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpo_tui.engine.spec.errors import SpecError
from hpo_tui.engine.spec.parts import (
    Budget,
    EarlyStopping,
    MetricSource,
    Objective,
    OutcomeConstraint,
    Parameter,
    ParameterKind,
    Resources,
    Task,
    Value,
)

if TYPE_CHECKING:
    from hpo_tui.engine.spec.reading.table import Table


@dataclass(frozen=True)
class StudySpec:
    """One study: space, metrics with goals, tasks with costs, command, budget.

    ``command`` is the argv template as a list of words; no shell ever sees it. ``constraints`` are
    expressions over parameters, such as ``warmup_end > warmup_start``. ``start`` are configurations
    (possibly partial) to run first. ``cost_measured``: tasks' costs are learned from durations.
    ``repeats``: seeds a full-task result is averaged over where the engine confirms finalists.
    ``template``: (file in the study's folder, file written into each trial's folder).
    ``source``: the file that was loaded; ``text``: its text.
    """

    name: str
    command: tuple[str, ...]
    budget: Budget
    space: tuple[Parameter, ...]
    objectives: tuple[Objective, ...]
    tasks: tuple[Task, ...]
    outcome_constraints: tuple[OutcomeConstraint, ...] = ()
    constraints: tuple[str, ...] = ()
    start: tuple[Mapping[str, Value], ...] = ()
    resume: bool = False
    seed: int = 0
    repeats: int = 1
    cost_measured: bool = False
    noisy: bool | None = None
    """Whether a repeat gives another result; None: found out from repeats."""
    stop_when: int = 0
    """Full trials that meet all goals after which the study ends; 0: the budget alone ends it."""
    notify: tuple[str, ...] = ()
    """The command that is run when the study ends, pauses itself or breaks."""
    warm: tuple[str, ...] = ()
    learn_from: tuple[str, ...] = ()
    """Earlier studies whose results are guesses at this one's, by name or by folder."""
    record: tuple[str, ...] = ()
    """Further metrics that are kept of a trial's output, and are no goals."""
    env: Mapping[str, str] = field(default_factory=dict)
    template: tuple[str, str] | None = None
    metrics: tuple[MetricSource, ...] = (MetricSource(),)
    stopping: EarlyStopping = field(default_factory=EarlyStopping)
    resources: Resources = field(default_factory=Resources)
    source: Path | None = field(default=None, compare=False)
    text: str = field(default="", compare=False, repr=False)

    @cached_property
    def tasks_by_cost(self) -> tuple[Task, ...]:
        """The tasks, cheapest first; the last is the full task."""
        return tuple(sorted(self.tasks, key=lambda t: t.cost))

    @property
    def full_task(self) -> Task:
        """The task that counts."""
        return self.tasks_by_cost[-1]

    @cached_property
    def metric_names(self) -> tuple[str, ...]:
        """Metrics of objectives, then of constraints, each once."""
        return tuple(dict.fromkeys(goal.metric for goal in self.goals))

    @cached_property
    def kept_metrics(self) -> tuple[str, ...]:
        """Metrics that are looked for in a trial's output: those of the goals, then the others."""
        return tuple(dict.fromkeys((*self.metric_names, *self.record)))

    @cached_property
    def free(self) -> tuple[Parameter, ...]:
        """The parameters that are searched: all but the fixed ones."""
        return tuple(p for p in self.space if p.kind is not ParameterKind.FIXED)

    def task(self, name: str) -> Task:
        """Return the task called ``name``; KeyError if there is none."""
        for task in self.tasks:
            if task.name == name:
                return task
        raise KeyError(name)

    def parameter(self, name: str) -> Parameter:
        """Return the parameter called ``name``; KeyError if there is none."""
        for parameter in self.space:
            if parameter.name == name:
                return parameter
        raise KeyError(name)

    @property
    def goals(self) -> tuple[Objective | OutcomeConstraint, ...]:
        """What a trial's metrics have to reach: the objectives, then the constraints."""
        return (*self.objectives, *self.outcome_constraints)

    @property
    def has_goals(self) -> bool:
        """Whether there is anything to reach: a threshold or an outcome constraint."""
        return bool(self.outcome_constraints) or any(
            o.threshold is not None for o in self.objectives
        )

    def meets(self, metrics: Mapping[str, float]) -> bool:
        """Whether ``metrics`` reach every threshold and every outcome constraint."""
        nan = float("nan")
        return all(goal.met(metrics.get(goal.metric, nan)) for goal in self.goals)

    def marginal_cost(self, task: Task, paid: float = 0.0) -> float:
        """Return what ``task`` is charged when a checkpoint worth ``paid`` is carried on."""
        return task.cost - paid if self.resume else task.cost

    @classmethod
    def load(cls, path: str | Path) -> "StudySpec":
        """Read a study file. Raises :class:`SpecError` naming every error with its line and key."""
        from hpo_tui.engine.spec.reading.load import read_file

        text, file = read_file(Path(path))
        return cls.from_text(text, file)

    @classmethod
    def from_text(cls, text: str, source: Path | None = None) -> "StudySpec":
        """Read the text of a study file. Raises :class:`SpecError`."""
        from hpo_tui.engine.spec.reading.load import text_table

        text = text.removeprefix("\ufeff")
        spec = _study(text_table(text, source), source, needed=True)
        return replace(spec, source=source, text=text)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "StudySpec":
        """Read a study given as the mapping that its TOML would parse to. Raises SpecError.

        A command may be left out: whoever uses the optimizer alone runs the trials.
        """
        from hpo_tui.engine.spec.reading.load import mapping_table, refusal

        try:
            return _study(mapping_table(data), None, needed=False)
        except RecursionError:
            raise refusal("the study is nested too deeply", None) from None


def _study(root: "Table", source: Path | None, *, needed: bool) -> StudySpec:
    """Read a whole study. Raises :class:`SpecError` with every problem that is found.

    ``needed``: whether the command may not be left out.
    """
    spec = _assembled(root, needed=needed)
    if root.into.problems:
        raise SpecError(root.into.sorted(), source)
    return spec


def _assembled(root: "Table", *, needed: bool) -> StudySpec:
    """Return a study of what each reader returns; what is wrong is added to ``root.into``."""
    from hpo_tui.engine.spec.reading import command as read_command
    from hpo_tui.engine.spec.reading import ending as read_ending
    from hpo_tui.engine.spec.reading import metrics as read_metrics
    from hpo_tui.engine.spec.reading import space as read_space
    from hpo_tui.engine.spec.reading import study as read_study
    from hpo_tui.engine.spec.reading import tasks as read_tasks

    root.unknown()
    if "study" not in root.data:
        root.into.add(("study",), "is missing: [study] with name, command and budget")
    study = root.table("study", "study")
    study.unknown()
    measured = study.one_of("cost", ("declared", "measured"), "declared") == "measured"
    objectives, outcome = read_metrics.read_objectives(root), read_metrics.read_constraints(root)
    read_metrics.check_some_metric(root, objectives, outcome)
    space = read_space.read_space(root)
    read_study.check_count(root, len(space), objectives, outcome)
    tasks = read_tasks.read_tasks(root, measured)
    given = root.data.get("space", {})
    also = [str(n) for n in given] if isinstance(given, Mapping) else []
    names = read_command.Names(space, read_tasks.known_fidelities(root), also)
    read_study.check_names(root, space)
    relations = read_study.read_relations(root, study, space)
    return StudySpec(
        name=read_study.read_name(study),
        command=read_command.read_command(study, names, needed=needed),
        budget=read_tasks.read_budget(study, tasks) if "study" in root.data else Budget(1.0),
        space=space,
        objectives=objectives,
        tasks=tasks,
        outcome_constraints=outcome,
        constraints=relations,
        start=read_study.read_start(root, space, relations),
        resume=study.flag("resume"),
        seed=study.whole("seed", 0, least=0),
        repeats=study.whole("repeats", 1, least=1),
        cost_measured=measured,
        noisy=study.flag("noisy") if study.has("noisy") else None,
        stop_when=read_ending.read_stop_when(study, objectives, outcome),
        notify=read_ending.read_notify(study),
        warm=read_study.read_warm(study),
        learn_from=read_study.read_learn_from(study),
        record=read_study.read_record(study),
        env=read_command.read_env(root, names),
        template=read_command.read_template(study),
        metrics=read_metrics.read_sources(root),
        stopping=read_metrics.read_stopping(root),
        resources=read_tasks.read_resources(root),
    )

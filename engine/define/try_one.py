"""Running one trial's command once, at the cheapest task, in a folder that is thrown away."""

import random
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hpo_tui.engine.define.logged import Logged, logged_in, wandb_startup
from hpo_tui.engine.define.process import Ran, run_briefly
from hpo_tui.engine.define.scratch import scratch
from hpo_tui.engine.execution.metrics.collector import (
    Collector,
    LineParser,
    Names,
    discover,
    strip_escapes,
)
from hpo_tui.engine.execution.reports import parse
from hpo_tui.engine.numerals import brief
from hpo_tui.engine.spec import StudySpec, Task, Value
from hpo_tui.engine.spec.command import (
    command_line,
    placeholder_values,
    template_file,
    trial_variables,
    write_params,
    write_template,
)
from hpo_tui.engine.spec.names import plain
from hpo_tui.engine.spec.space import InfeasibleError, compiled_constraints, sample
from hpo_tui.store.file_errors import in_words
from hpo_tui.store.folder import TrialFolder

_STEPS = (
    re.compile(r"\bepoch\W{0,5}(\d+(?:\.\d+)?)", re.IGNORECASE),
    re.compile(r"^\s*(?:\[(\d+)\]\t|(\d+):\t|(\d+)\s+-?\d+\.\d)"),
    re.compile(r"\b(?:step|iter(?:ation)?|round)\W{0,5}(\d+)", re.IGNORECASE),
)
"""How a line names the step that it is about, the surest first: by a word, as boosting libraries
begin theirs, as a table begins a row."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What one run showed. ``metrics``: those of the study that were found, with the last value.

    ``seen`` is everything in its output that looks like a metric. ``code`` is None where it was
    ended early or did not start, and ``why`` says so. ``startup``: seconds before the first
    result, less one interval between results; None where there were not two.
    """

    argv: tuple[str, ...]
    task: Task
    metrics: Mapping[str, float]
    seen: Mapping[str, tuple[float, ...]]
    seconds: float
    code: int | None
    lines: tuple[str, ...]
    why: str = ""
    startup: float | None = None
    logged: tuple[Logged, ...] = ()

    @property
    def last_lines(self) -> tuple[str, ...]:
        """The end of the output, without anything that a terminal would act on."""
        return tuple(plain(line) for line in self.lines[-20:])

    def text(self) -> str:
        """Return all of it as lines to read."""
        if not self.argv:
            return f"The command could not be tried: {self.why}"
        ended = self.why or f"exit code {self.code}"
        lines = [plain(shlex.join(self.argv))]
        lines.append(f"Task {plain(self.task.name)}: {self.seconds:.1f} s, {ended}.")
        shown = ", ".join(f"{plain(n)} = {brief(v)}" for n, v in self.metrics.items())
        lines.append(f"Metrics of the study: {shown or 'none was found'}.")
        others = [plain(n) for n in self.seen if n not in self.metrics]
        if others:
            lines.append(f"Also in the output: {', '.join(others[:20])}.")
        return "\n".join([*lines, "", "Last lines:", *(f"  {line}" for line in self.last_lines)])


def try_one(
    spec: StudySpec,
    folder: Path,
    *,
    params: Mapping[str, Value] | None = None,
    limit: float = 300.0,
    over: Callable[[], bool] = lambda: False,
) -> Tried:
    """Run a study's command once in ``folder``, for ``limit`` seconds at most.

    It ends early when ``over`` says that nobody waits for it any more.
    ``params`` are drawn at random where they are not given. Raises nothing: what kept the command
    from running is in :attr:`Tried.why`.
    """
    task = spec.tasks_by_cost[0]
    try:
        if params is None:
            params = sample(spec.space, compiled_constraints(spec), random.Random(spec.seed))
        with scratch() as place:
            files = TrialFolder(place)
            argv, extra = _prepare(spec, params, task, folder, files)
            if not argv:
                raise InfeasibleError("the study has no command")
            ran = run_briefly(argv, folder, limit, extra, over)
            return _told(spec, task, argv, files, ran)
    except (InfeasibleError, OSError, UnicodeDecodeError) as error:
        why = in_words(error) if isinstance(error, OSError) else str(error)
        return Tried(
            argv=(),
            task=task,
            metrics={},
            seen={},
            seconds=0.0,
            code=None,
            lines=(),
            why=plain(why),
        )


def _told(spec: StudySpec, task: Task, argv: list[str], files: TrialFolder, ran: Ran) -> Tried:
    """Return what a run showed, from its output and its files."""
    files.log.write_text("".join(f"{line}\n" for line in ran.lines), encoding="utf-8")
    seen = {name: tuple(values) for name, values in discover("\n".join(ran.lines)).items()}
    reported = _reported(files)
    for name, values in reported.items():
        seen[name] = (*seen.get(name, ()), *values)
    found = {n: v for _, entry in _collected(spec, files) for n, v in entry.items()}
    found |= {n: reported[n][-1] for n in spec.metric_names if reported.get(n)}
    begun = startup(ran)
    begun = wandb_startup(files, ran.seconds) if begun is None else begun
    return Tried(
        argv=tuple(argv),
        task=task,
        metrics=found,
        seen=seen,
        seconds=ran.seconds,
        code=ran.code,
        lines=ran.lines,
        why=ran.why,
        startup=begun,
        logged=logged_in(files),
    )


def found_in(spec: StudySpec, lines: Sequence[str]) -> list[tuple[int | None, dict[str, float]]]:
    """Return the steps and values of a study's metrics in an output, as a trial's is read."""
    with scratch() as read:
        files = TrialFolder(read)
        files.log.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return _collected(spec, files)


def held_out_alone(name: str, lines: Sequence[str]) -> bool:
    """Whether trials leave out what lines say of the training under a name, and take the rest."""
    parser = LineParser(Names([name]))
    said = [line for line in lines if parser.parse(line)]
    held_out, taken = frozenset(parser.held_out), 0
    for line in said if held_out else ():
        parser.held_out = set(held_out)
        taken += parser.parse(line) is not None
    return 0 < taken < len(said)


def _prepare(
    spec: StudySpec, params: Mapping[str, Value], task: Task, folder: Path, files: TrialFolder
) -> tuple[list[str], dict[str, str]]:
    """Write a trial's files; return its command and what is added to its environment."""
    values = placeholder_values(spec, params, task, files.path, trial=0)
    files.checkpoint.mkdir(parents=True, exist_ok=True)
    write_params(files, params, task, trial=0, seed=spec.seed, attempt=1)
    if spec.template is not None:
        beside = spec.source.parent if spec.source else folder
        write_template(spec, values, template_file(spec.template[0], beside, folder), files)
    extra = trial_variables(spec, values, files.path, files, resume=None, seed=spec.seed)
    return command_line(spec, values), extra


def _collected(spec: StudySpec, files: TrialFolder) -> list[tuple[int | None, dict[str, float]]]:
    return Collector(spec.metrics, files, spec.kept_metrics).finish()


def _reported(files: TrialFolder) -> dict[str, tuple[float, ...]]:
    """Return the metrics of the trial's own report file."""
    found: dict[str, tuple[float, ...]] = {}
    try:
        lines = files.reports.read_bytes().splitlines()
    except OSError:
        return found
    for line in lines:
        _, metrics = parse(line) or (None, {})
        for name, value in metrics.items():
            found[name] = (*found.get(name, ()), value)
    return found


def startup(ran: Ran) -> float | None:
    """Return the seconds that went by before training began, from when its steps ended."""
    for pattern in _STEPS:
        ends: dict[float, float] = {}
        for line, at in zip(ran.lines, ran.times, strict=True):
            if step := pattern.search(strip_escapes(line)):
                ends[float(next(filter(None, step.groups())))] = at
        first, last = min(ends, default=0.0), max(ends, default=0.0)
        if first < last and ends[first] < ends[last]:
            # Where steps are counted from 0, the first that is told is over, too.
            done = first or 1.0
            pace = (ends[last] - ends[first]) / (last - first)
            return max(0.0, ends[first] - pace * done)
    return None

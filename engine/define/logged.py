"""Metrics in the files of a first run, where its output has less of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from hpo_tui.engine.define.printed import Printed, direction_of, is_metric, likely
from hpo_tui.engine.execution.metrics.collector import Collector, Names, discover_files
from hpo_tui.engine.spec import MetricSource
from hpo_tui.store.folder import TrialFolder

_SURE, _FAR = 2, 2
"""Points of :func:`likely`: from which on a name is surely a metric, and that make one far likelier
than another."""
_TIME = "_timestamp"
"""When W&B logged something, beside it."""


@dataclass(frozen=True, slots=True)
class Logged:
    """A file that holds metrics: where, the last value of each, at how many steps the likeliest."""

    source: MetricSource
    values: dict[str, float]
    steps: int

    @property
    def metric(self) -> str:
        """The likeliest one."""
        return Printed(self.values).ranked()[0]


def logged_in(files: TrialFolder) -> tuple[Logged, ...]:
    """Return the files of a trial that hold metrics, as the trials of a study would be read."""
    own = {files.params, files.log, files.reports}
    found = {place: _metrics(v) for place, v in discover_files(files.path, own).items()}
    sources = [(MetricSource(kind, place), v) for (kind, place), v in found.items()]
    kept = [_kept(source, values, files) for source, values in sources]
    return tuple(entry for entry in kept if entry is not None)


def wandb_startup(files: TrialFolder, seconds: float) -> float | None:
    """Return the seconds of a run that did not go into steps, by the times that W&B writes.

    None where it has not logged at two steps.
    """
    entries = Collector([MetricSource("wandb")], files, [_TIME]).finish()
    times = [values[_TIME] for _, values in entries]
    if len(times) < 2 or times[-1] <= times[0]:
        return None
    pace = (times[-1] - times[0]) / (len(times) - 1)
    return max(0.0, seconds - pace * len(times))


def or_logged(printed: Printed, logged: tuple[Logged, ...], steps: int) -> Printed:
    """Return the output's metrics, or those of a file that tells the same at more steps.

    ``steps``: at how many the output tells its likeliest. Where that is one, a log of a training
    goes first: a bar that is drawn at its end alone shows nothing else of a longer one either.
    """
    ranked = printed.ranked()
    better = [
        entry
        for entry in logged
        if not ranked or (_tells(entry, ranked[0]) and _more(entry, steps))
    ]
    if not better:
        return printed
    best = max(better, key=lambda entry: (entry.steps, likely(entry.metric)))
    return Printed(best.values, (best.source,))


def _tells(entry: Logged, metric: str) -> bool:
    """Whether a file tells of a metric of the output, or of one that is far likelier to be meant.

    Predictions, a row each, are no log of a training.
    """
    names = {Names([name]).find(metric) for name in entry.values}
    return names != {None} or likely(entry.metric) > likely(metric) + _FAR


def _more(entry: Logged, steps: int) -> bool:
    return entry.steps > max(1, steps) or (steps <= 1 and entry.source.kind != "jsonl")


def _metrics(values: Mapping[str, float]) -> dict[str, float]:
    """Return what is surely a metric: settings are written to such files as well."""
    sure = {n: v for n, v in values.items() if direction_of(n) and likely(n) >= _SURE}
    return {n: v for n, v in sure.items() if is_metric(n) and n.isprintable()}


def _kept(source: MetricSource, values: dict[str, float], files: TrialFolder) -> Logged | None:
    ranked = Printed(values).ranked()
    if not ranked:
        return None
    steps, last = _steps(source, ranked[0], files)
    return Logged(source, values | {ranked[0]: last}, steps) if steps else None


def _steps(source: MetricSource, metric: str, files: TrialFolder) -> tuple[int, float]:
    """Return at how many steps a trial of this source is seen to report, and the last value."""
    entries = Collector([source], files, [metric]).finish()
    last = entries[-1][1][metric] if entries else 0.0
    return len({step for step, _ in entries}), last

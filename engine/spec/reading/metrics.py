"""Reading ``[[objective]]``, ``[[constraint]]``, ``[[metrics]]`` and ``[stopping]``."""

import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import cast, get_args

from hpo_tui.engine.spec.names import name_fault, show
from hpo_tui.engine.spec.parts import (
    Direction,
    EarlyStopping,
    MetricSource,
    Objective,
    OutcomeConstraint,
    SourceKind,
    Summary,
)
from hpo_tui.engine.spec.reading.table import Table

_ALIASES = {
    **dict.fromkeys(("max", "maximise", "up", "higher"), "maximize"),
    **dict.fromkeys(("min", "minimise", "down", "lower"), "minimize"),
}


def read_objectives(root: Table) -> tuple[Objective, ...]:
    """Read the metrics that are optimized."""
    found: list[Objective] = []
    for table in root.tables("objective"):
        table.unknown()
        metric = _metric(table, [o.metric for o in found], "two objectives: leave one out")
        direction = _direction(table)
        log = table.flag("log")
        threshold = table.number("threshold")
        if log and threshold == 0:
            table.fault("threshold", "must not be 0 where log = true: 0 has no logarithm")
        found.append(Objective(metric, direction, threshold, log, _summary(table)))
    return tuple(found)


def read_constraints(root: Table) -> tuple[OutcomeConstraint, ...]:
    """Read the metrics that must hold."""
    found: list[OutcomeConstraint] = []
    for table in root.tables("constraint"):
        table.unknown()
        metric = _metric(
            table, [c.metric for c in found], "two constraints: write min and max in one"
        )
        low, high = table.number("min"), table.number("max")
        if not table.has("min") and not table.has("max"):
            table.fault(None, "needs a limit: min = …, max = …, or both")
        elif low is not None and high is not None and low > high:
            table.fault(
                "max", f"must be at least min, found min = {show(low)} and max = {show(high)}"
            )
        found.append(OutcomeConstraint(metric, low, high, _summary(table)))
    return tuple(found)


def check_some_metric(
    root: Table, objectives: Sequence[Objective], outcome: Sequence[OutcomeConstraint]
) -> None:
    """Refuse a study without any metric, unless what is wrong with its metrics is said already."""
    if not objectives and not outcome and not {"objective", "constraint"} & set(root.data):
        root.into.add(
            ("objective",),
            'is missing: [[objective]] with metric = "accuracy" and direction = "maximize" (or '
            "[[constraint]]s alone)",
        )
    elif not objectives and not outcome and not root.into.problems:
        root.into.add(
            ("objective",),
            'is empty, so the study has no metric: add [[objective]] with metric = "accuracy" and '
            'direction = "maximize"',
        )


def read_sources(root: Table) -> tuple[MetricSource, ...]:
    """Read where metrics are found; plain ``stdout`` where nothing is said."""
    found = []
    for table in root.tables("metrics"):
        table.unknown()
        kind = table.one_of("kind", get_args(SourceKind), "stdout")
        path = table.text("path") or None
        if kind == "stdout" and path:
            table.fault(
                "path", 'does not go with kind = "stdout", which reads what the script prints'
            )
        elif kind not in ("stdout", "wandb") and not table.has("path"):
            table.missing("path", f"the {kind} file, relative to the trial's folder")
        elif path and (PurePath(path).is_absolute() or ".." in PurePath(path).parts):
            table.fault(
                "path",
                f"must stay inside the trial's folder, found {show(path)}: write to {{trial_dir}}",
            )
        pattern = table.text("pattern") or None
        if pattern and kind != "stdout":
            table.fault("pattern", f'does not go with kind = "{kind}"; it is for stdout')
        elif pattern:
            _pattern(table, pattern)
        found.append(
            MetricSource(
                cast(SourceKind, kind),
                path,
                pattern,
                table.text("step") or None,
                _rename(table),
            )
        )
    return tuple(found) or (MetricSource(),)


def read_stopping(root: Table) -> EarlyStopping:
    """Read when running trials may be stopped."""
    table = root.table("stopping", "stopping")
    table.unknown()
    usual = EarlyStopping()
    patience = table.number(
        "patience", check=lambda p: 0 <= p < 1, must="be a chance from 0 to below 1"
    )
    return EarlyStopping(
        table.flag("enabled", usual.enabled),
        table.whole("min_step", usual.min_step, least=0),
        usual.patience if patience is None else patience,
    )


def _metric(table: Table, taken: list[str], twice: str) -> str:
    needed = 'metric = "accuracy", the name that the script reports'
    metric, fault = table.name("metric", needed=needed)
    if fault:
        table.fault("metric", fault)
    elif metric and metric in taken:
        table.fault("metric", f"{show(metric)} is in {twice}")
    elif metric and metric.lower() in [t.lower() for t in taken]:
        table.fault(
            "metric",
            f"{show(metric)} is there with other capitals, which a database column cannot tell "
            "apart: use one spelling",
        )
    return metric


def _direction(table: Table) -> Direction:
    given = table.data.get("direction")
    meant = _ALIASES.get(given.lower()) if isinstance(given, str) else None
    if meant:
        table.fault(
            "direction",
            f'must be one of "maximize", "minimize", found {show(given)}; did you mean "{meant}"?',
        )
        return Direction(meant)
    word = table.one_of(
        "direction",
        ("maximize", "minimize"),
        "minimize",
        needed='direction = "maximize" or "minimize"',
    )
    return Direction(word)


def _summary(table: Table) -> Summary:
    return Summary(table.one_of("summary", ("last", "min", "max"), "last"))


def _pattern(table: Table, pattern: str) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compiled = re.compile(pattern)
    except re.error as error:
        where = f" at character {error.pos + 1}" if error.pos is not None else ""
        table.fault("pattern", f"is no regular expression: {error.msg}{where} of {show(pattern)}")
    except (RecursionError, OverflowError, MemoryError):
        table.fault("pattern", "is too large a regular expression: write a shorter one")
    else:
        if not compiled.groupindex:
            table.fault(
                "pattern", r"needs a named group for each metric, such as loss=(?P<loss>\S+)"
            )


def _rename(table: Table) -> dict[str, str]:
    given = table.data.get("rename", {})
    if not isinstance(given, Mapping):
        table.fault(
            "rename", f'must be a table such as {{ "val/acc" = "accuracy" }}, found {show(given)}'
        )
        return {}
    kept = {}
    for name, metric in given.items():
        fault = (
            name_fault(metric)
            if isinstance(metric, str)
            else f"must be text in quotes, found {show(metric)}"
        )
        if fault:
            table.into.add((*table.path, "rename", name), fault)
        else:
            kept[name] = metric
    return kept

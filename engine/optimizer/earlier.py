"""What is kept of an earlier study: its results, without its space, its command or its files.

A study that learns from another one keeps this with its own history. So it proposes the same
whatever becomes of the other study, and is whole when it is copied to another machine.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hpo_tui.engine.optimizer import checks
from hpo_tui.engine.optimizer.api import PastTrial
from hpo_tui.engine.optimizer.history import TrialHistory
from hpo_tui.engine.spec import Params, StudySpec


@dataclass(frozen=True, slots=True)
class Finding:
    """One result: a configuration's values, the task (0 the cheapest) and its finite metrics.

    ``failed``: by its parameters; it has no metrics then.
    """

    configuration: int
    params: Params
    task: int
    metrics: Mapping[str, float]
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier study: its name, what its tasks cost (rising, the full one 1), what it found."""

    name: str
    costs: tuple[float, ...]
    findings: tuple[Finding, ...]

    @staticmethod
    def of(spec: StudySpec, history: Iterable[PastTrial], name: str | None = None) -> "Earlier":
        """Return what a study of definition ``spec`` found in the trials of ``history``.

        What trials that were stopped early were to end at counts as theirs.
        """
        # SciPy takes most of a second: the runner passes on what was kept, and has no use for it.
        from hpo_tui.engine.optimizer.encoding.space import Space
        from hpo_tui.engine.optimizer.table import TableBuilder

        seen = TrialHistory(spec)
        seen.restore(history)
        table = TableBuilder(spec, Space(spec)).table(seen)
        findings = []
        for i, number in enumerate(table.trial.tolist()):
            pairs = zip(spec.metric_names, table.values[i].tolist(), strict=True)
            finite = {metric: value for metric, value in pairs if math.isfinite(value)}
            trial = seen.trials[number]
            found = Finding(
                trial.configuration, dict(trial.params), int(table.task[i]), finite,
                bool(table.failed[i]),
            )  # fmt: skip
            findings.append(found)
        return Earlier(name or spec.name, tuple(seen.costs), tuple(findings))

    def plain(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        rows = [
            [f.configuration, f.params, f.task, dict(f.metrics), f.failed] for f in self.findings
        ]
        return {"name": self.name, "costs": list(self.costs), "findings": rows}

    @staticmethod
    def from_plain(data: Mapping[str, Any]) -> "Earlier":
        """Return the reverse of :meth:`plain`."""
        findings = tuple(Finding(*row) for row in data["findings"])
        return Earlier(data["name"], tuple(data["costs"]), findings)


def checked(given: Iterable[Any], spec: StudySpec | None) -> tuple[Earlier, ...]:
    """Return the studies to learn from. Raises TypeError for what is none.

    ValueError without a study's definition: only there do its tasks and metrics have names.
    """
    if isinstance(given, Earlier | str) or not isinstance(given, Iterable):
        raise TypeError(
            f"a list of Earlier is needed to learn from, found {checks.show(given)}: [Earlier.of()]"
        )
    studies = tuple(given)
    for one in studies:
        if not isinstance(one, Earlier):
            raise TypeError(
                f"an Earlier is needed to learn from, found {checks.show(one)}: Earlier.of()"
            )
    if studies and spec is None:
        raise ValueError("to learn from earlier studies a sampler needs a StudySpec")
    return studies

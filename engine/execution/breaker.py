"""The circuit breaker: several similar failures in a row are not the fault of the trials."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hpo_tui.engine.execution.failures import EndKind
from hpo_tui.engine.execution.metrics.discovery import discover
from hpo_tui.engine.spec.names import joined, plain, show
from hpo_tui.store.models import Value

CAUSED: tuple[EndKind, ...] = ("nan", "oom", "host_oom", "timeout")
"""Ends that parameters can cause: any configuration may have them, but hardly all."""
_PATIENCE = 10
"""How many times as many of those it takes in a row."""
_UNHEARD = 2
"""How many it takes that end without a result where no trial has ever reported what is missing."""
_MEND = "Mend the script, or the command or the ranges in the study's own file"
_MISSING = re.compile(r"No module named '([\w.]+)'$")
_INSTALL = (
    "The Python that the command starts does not find {module}: install it there, or name the"
    " Python of the script's environment in the study's own file, as in"
    ' command = ".venv/bin/python train.py …"'
)
_RENAME = (
    "Have the script report it, or say in the study's own file which name means it, under"
    ' [[metrics]]: rename = { "name in the output" = "the metric" }'
)
_MOST_NAMES = 3
_SILENT = "; it printed nothing"
_NUMBERS = re.compile(r"0x[0-9a-fA-F]+|\d+(\.\d+)?(e[-+]?\d+)?")


@dataclass(frozen=True, slots=True)
class Failure:
    """What a failure looked like. ``reason``: the verdict's words.

    ``unreported``: the metrics of a result that no trial of the study has reported so far.
    """

    trial: int
    kind: EndKind
    code: int | None
    params: Mapping[str, Value]
    lines: Sequence[str]
    reason: str = ""
    unreported: Sequence[str] = ()

    @property
    def fruitless(self) -> bool:
        """Whether it ran to its end without a result, as it seems that every trial would."""
        return self.kind == "missing" and bool(self.unreported)

    @property
    def signature(self) -> tuple[str, int | None, str]:
        """What makes failures alike: kind, exit code, and the last line without its numbers.

        Of those that parameters can cause the kind alone: one may run out of memory anywhere. So
        too of those without a result where nobody has one, whatever they print.
        """
        if self.kind in CAUSED or self.fruitless:
            return self.kind, None, ""
        last = self.lines[-1] if self.lines else ""
        return self.kind, self.code, _NUMBERS.sub("#", last)[:120]


@dataclass
class Breaker:
    """Counts alike failures in a row; at ``limit`` it trips, later at those of :data:`CAUSED`.

    It trips at the second trial without a result if no trial has ever reported what is missing:
    each of them costs its full price. 0 switches it off.

    ``tripped``: the signature that it last tripped at, until something succeeds.
    """

    limit: int
    run: list[Failure] = field(default_factory=list)
    tripped: tuple[str, int | None, str] | None = None

    def succeeded(self) -> None:
        """Take note of an end that shows the machine and the script to be sound."""
        self.run.clear()
        self.tripped = None

    def failed(self, failure: Failure) -> bool:
        """Count a failure; return whether the breaker trips. ``run`` says at what, until cleared.

        One that is unlike those before begins a new run.
        """
        if self.run and self.run[-1].signature != failure.signature:
            self.run.clear()
        self.run.append(failure)
        limit = self.limit * (_PATIENCE if failure.kind in CAUSED else 1)
        limit = min(limit, _UNHEARD) if failure.fruitless else limit
        trips = 0 < limit <= len(self.run)
        if trips:
            self.tripped = failure.signature
        return trips

    def message(self, study: str) -> str:
        """Return what happened, for people: how often, the last trial's parameters and words.

        ``study``: what names the study in a command line.
        """
        last = self.run[-1]
        params = ", ".join(f"{plain(k)} = {show(v)}" for k, v in last.params.items())
        lines = "\n".join(f"  {plain(line)}" for line in last.lines) or "  (it printed nothing)"
        alone = len(self.run) == 1
        which, alike = ("a trial", "") if alone else (f"{len(self.run)} trials in a row", " alike")
        the_last = "It was" if alone else "The last was"
        said = f"{which} failed{alike} ({_how(last)})"
        if last.fruitless:
            names = joined([plain(name) for name in last.unreported], _MOST_NAMES)
            said = f"no trial has ever reported {names}: {said}, and the next would be no better"
        return (
            f"{said}, so nothing more is started. {the_last} trial {last.trial} with {params}. It"
            f" ended with:\n{lines}\n"
            f"{_how_to_mend(last)}, then resume the study;"
            f" `hpo-tui retry {last.trial} -s {study}` runs that trial again."
        )


def _how_to_mend(failure: Failure) -> str:
    """Return what to do before the study is resumed."""
    if failure.kind == "missing":
        return _RENAME
    found = _MISSING.search(failure.lines[-1]) if failure.lines else None
    return _INSTALL.format(module=found[1]) if found else _MEND


def _how(failure: Failure) -> str:
    """Return how a trial failed in a few words: the verdict's, without the lines that follow."""
    reason = plain(failure.reason.partition("; last lines:")[0].removesuffix(_SILENT))
    if reason:
        return reason
    kind: str = failure.kind
    if kind == "missing":
        seen = ", ".join(map(plain, discover("\n".join(failure.lines))))
        kind = "no result" + (f"; its last lines name {seen}" if seen else "")
    return f"{kind}, exit code {failure.code}" if failure.code is not None else kind

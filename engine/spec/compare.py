"""Comparing two versions of a study: what has changed, and what may not change once trials ran."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from hpo_tui.engine.spec import differences
from hpo_tui.engine.spec.differences import limits, word
from hpo_tui.engine.spec.errors import Problem
from hpo_tui.engine.spec.model import StudySpec
from hpo_tui.engine.spec.names import KeyPath, dotted, listing, show
from hpo_tui.engine.spec.parts import (
    Parameter,
    ParameterKind,
)
from hpo_tui.engine.spec.reading.ending import show_stop_when
from hpo_tui.engine.spec.units import show_budget, show_duration, show_size
from hpo_tui.engine.spec.values import bound, value_fault

ChangeKind = Literal[
    "add", "budget", "command", "freeze", "goal", "means", "narrow", "remove", "rule", "task",
    "thaw", "widen",
]  # fmt: skip
"""``means``: resources, environment, stopping; ``rule``: relations between parameters."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference, as a sentence for the event log."""

    kind: ChangeKind
    text: str
    key: str = ""


class Comparison:
    """Walks through both studies; ``changes`` and ``refused`` are what it found.

    ``ran``: whether there are trials at all; ``tasks``: the names of those that they ran at.
    """

    def __init__(self, old: StudySpec, new: StudySpec, ran: bool, tasks: set[str]) -> None:
        self.old, self.new, self.ran, self.used = old, new, ran, tasks
        self.changes: list[Change] = []
        self.refused: list[Problem] = []
        if old.name != new.name:
            self._refuse(
                ("study", "name"), f'a study keeps its name: its database says "{old.name}"'
            )
        self._space()
        self._metrics()
        self._tasks()
        if old.budget != new.budget:
            text = f"{show_budget(old.budget)} → {show_budget(new.budget)}"
            self._note("budget", ("study", "budget"), text)
        self._means()

    def _note(self, kind: ChangeKind, path: KeyPath, text: str) -> None:
        self.changes.append(Change(kind, f"{dotted(path)}: {text}", dotted(path)))

    def _refuse(self, path: KeyPath, text: str) -> None:
        self.refused.append(Problem(dotted(path), text, path=path))

    def _before(self, kind: ChangeKind, path: KeyPath, text: str, *, after: str) -> None:
        """Note a change that can be made before any trial has run; ``after``: why not later."""
        if self.ran:
            self._refuse(path, after)
        else:
            self._note(kind, path, text)

    def _space(self) -> None:
        """Compare the parameters, and the relations between them."""
        before = {p.name: p for p in self.old.space}
        after = {p.name: p for p in self.new.space}
        for name in _missing(before, after):
            keep = 'freeze it with type = "fixed" and value = …'
            late = f"{show(name)} cannot be removed once trials have run: {keep}"
            self._before("remove", ("space", name), "is removed", after=late)
        for name, parameter in after.items():
            if name in before:
                self._parameter(before[name], parameter)
            elif (
                self.ran and parameter.default is None and parameter.kind is not ParameterKind.FIXED
            ):
                self._refuse(
                    ("space", name, "default"),
                    "is missing: a parameter that joins a running study needs the value that "
                    "earlier trials had: default = …",
                )
            else:
                given = parameter.default if parameter.default is not None else parameter.value
                had = f"; earlier trials had {show(given)}" if self.ran else ""
                self._note("add", ("space", name), f"is added{had}")
        if self.old.constraints != self.new.constraints:
            for text in _missing(self.new.constraints, self.old.constraints):
                self._note("rule", ("study", "constraints"), f"{show(text)} must hold from here on")
            for text in _missing(self.old.constraints, self.new.constraints):
                self._note("rule", ("study", "constraints"), f"{show(text)} need not hold any more")

    def _parameter(self, old: Parameter, new: Parameter) -> None:
        path: KeyPath = ("space", old.name)
        if old.kind is not new.kind:
            self._other_kind(old, new, path)
            return
        if new.numeric and (old.low, old.high) != (new.low, new.high):
            self._range(old, new, path)
        for choice in new.choices:
            if choice not in old.choices:
                self._note("widen", (*path, "choices"), f"{show(choice)} is added")
        gone = [c for c in old.choices if c not in new.choices]
        if gone:
            self._note("narrow", (*path, "choices"), f"without {listing(gone)} from here on")
        if not gone and old.choices != new.choices and set(old.choices) == set(new.choices):
            self._note("narrow", (*path, "choices"), "are in another order")
        if old.value != new.value:
            self._note("freeze", (*path, "value"), f"{show(old.value)} → {show(new.value)}")
        for key in ("log", "step", "prior", "when", "default"):
            if getattr(old, key) != getattr(new, key):
                said = f"{word(getattr(old, key))} → {word(getattr(new, key))}"
                self._note("narrow", (*path, key), said)

    def _range(self, old: Parameter, new: Parameter, path: KeyPath) -> None:
        ends = [f"{bound(p, p.low)} … {bound(p, p.high)}" for p in (old, new)]
        wider = new.low < old.low or new.high > old.high
        narrower = new.low > old.low or new.high < old.high
        how = "moved" if wider and narrower else "widened" if wider else "narrowed"
        self._note("widen" if wider else "narrow", path, f"{how} from {ends[0]} to {ends[1]}")

    def _other_kind(self, old: Parameter, new: Parameter, path: KeyPath) -> None:
        if new.kind is ParameterKind.FIXED:
            fault = value_fault(old, new.value)
            if fault and self.ran:
                self._refuse((*path, "value"), f"frozen outside of its range: {fault}")
            else:
                self._note("freeze", path, f"is frozen at {show(new.value)}")
        elif old.kind is ParameterKind.FIXED:
            fault = value_fault(new, old.value)
            if fault and self.ran:
                self._refuse(
                    path, f"was fixed at {show(old.value)}, which the new range lacks: {fault}"
                )
            else:
                self._note("thaw", path, "is searched from here on")
        else:
            late = (
                f"cannot become {new.kind} from {old.kind}: earlier trials' values would mean "
                "something else; add a parameter under another name"
            )
            self._before("widen", (*path, "type"), f"{old.kind} → {new.kind}", after=late)

    def _metrics(self) -> None:
        """Compare the objectives; the other metrics are left to :meth:`_limits`."""
        before = {o.metric: o for o in self.old.objectives}
        after = {o.metric: o for o in self.new.objectives}
        for metric in [*_missing(before, after), *_missing(after, before)]:
            n = [o.metric for o in self.new.objectives].index(metric) if metric in after else 0
            path: KeyPath = ("objective", n) if metric in after else ("objective",)
            how = "added" if metric in after else "removed"
            late = f"the objective {show(metric)} cannot be {how} once trials have run"
            asks = f": {differences.goal(after[metric])}" if metric in after else ""
            self._before(
                "goal",
                path,
                f"{show(metric)} is {how}{asks}",
                after=f"{late}; a [[constraint]] can",
            )
        for n, objective in enumerate(self.new.objectives):
            old = before.get(objective.metric)
            for key in ("direction", "summary", "threshold", "log") if old else ():
                was, now = getattr(old, key), getattr(objective, key)
                if was != now and self.ran and key in ("direction", "summary"):
                    self._refuse(
                        ("objective", n, key),
                        f"cannot go from {was} to {now} once trials have run: their results "
                        "would mean something else",
                    )
                elif was != now:
                    self._note(
                        "goal",
                        ("objective", n, key),
                        f"of {show(objective.metric)}: {word(was)} → {word(now)}",
                    )
        self._limits()

    def _limits(self) -> None:
        before = {c.metric: c for c in self.old.outcome_constraints}
        after = {c.metric: c for c in self.new.outcome_constraints}
        for metric in dict.fromkeys([*before, *after]):
            was, now = before.get(metric), after.get(metric)
            if was and now and was.summary != now.summary and self.ran:
                self._refuse(
                    ("constraint",),
                    f"{show(metric)}: summary cannot go from {was.summary} to {now.summary} once "
                    "trials have run: their results would mean something else",
                )
            elif was != now:
                self._note(
                    "goal", ("constraint",), f"{show(metric)}: {limits(was)} → {limits(now)}"
                )

    def _tasks(self) -> None:
        """Compare the tasks: what trials have run at stays as it is, and so does the full task."""
        before = {t.name: t for t in self.old.tasks}
        after = {t.name: t for t in self.new.tasks}
        for name, task in before.items():
            if after.get(name) == task:
                continue
            change = "removed" if name not in after else "changed"
            n = list(after).index(name) if name in after else 0
            path: KeyPath = ("task", n) if name in after else ("task",)
            if name in self.used:
                self._refuse(
                    path,
                    f"{show(name)} cannot be {change}: trials have run at it; add a task under "
                    "another name",
                )
            else:
                what = f": {differences.task(task, after[name])}" if name in after else ""
                self._note("task", path, f"{show(name)} is {change}{what}")
        for n, name in enumerate(after):
            if name not in before:
                self._note("task", ("task", n), f"{show(name)} is added")
        if self.ran and before and self.old.full_task.name != self.new.full_task.name:
            self._refuse(
                ("task",),
                f"{show(self.old.full_task.name)} must remain the full task: results are judged "
                "at it",
            )

    def _means(self) -> None:
        """Compare by which means the study runs: command, sources of metrics, resources."""
        if self.old.resume != self.new.resume:
            late = (
                "cannot change once trials have run: they were charged by the other rule;"
                f" write {word(self.old.resume)} again"
            )
            said = f"is {word(self.new.resume)}"
            self._before("means", ("study", "resume"), said, after=late)
        if self.old.command != self.new.command:
            self._note("command", ("study", "command"), "trials from here on run another command")
        for n, said in differences.sources(self.old.metrics, self.new.metrics):
            self._note("means", ("metrics", n), said)
        if self.old.start != self.new.start:
            self._note("means", ("start",), differences.starts(self.old.start, self.new.start))
        for name in ("template", "seed", "repeats", "noisy"):
            was, now = getattr(self.old, name), getattr(self.new, name)
            if was != now:
                self._note("means", ("study", name), f"{word(was)} → {word(now)}")
        was, now = (show_stop_when(s.stop_when) or None for s in (self.old, self.new))
        if was != now:
            self._note("means", ("study", "stop_when"), f"{word(was)} → {word(now)}")
        if self.old.notify != self.new.notify:  # not to what: an address may be a secret
            self._note("means", ("study", "notify"), "is changed")
        if self.old.cost_measured != self.new.cost_measured:
            how = "declared → measured" if self.new.cost_measured else "measured → declared"
            self._note("means", ("study", "cost"), how)
        for name in ("warm", "learn_from", "record"):
            self._listed(("study", name), getattr(self.old, name), getattr(self.new, name))
        self._variables()
        self._settings("stopping")
        self._settings("resources")

    def _listed(self, path: KeyPath, before: Sequence[str], after: Sequence[str]) -> None:
        added, gone = _missing(after, before), _missing(before, after)
        for name in added:
            self._note("means", path, f"{show(name)} is added")
        for name in gone:
            self._note("means", path, f"{show(name)} is taken out")
        if before != after and not added and not gone:
            self._note("means", path, "is in another order")

    def _variables(self) -> None:
        """Say which variables have changed, not to what: some are secrets."""
        before, after = self.old.env, self.new.env
        for name in dict.fromkeys([*before, *after]):
            if before.get(name) != after.get(name):
                how = "added" if name not in before else "changed"
                self._note("means", ("env", name), f"is {how if name in after else 'taken out'}")

    def _settings(self, table: str) -> None:
        before, after = getattr(self.old, table), getattr(self.new, table)
        for key in after.__slots__:
            was, now = getattr(before, key), getattr(after, key)
            if was != now:
                self._note("means", (table, key), f"{_setting(key, was)} → {_setting(key, now)}")


def _missing(these: Iterable[str], those: Collection[str]) -> list[str]:
    """Return those of ``these`` that are not among ``those``, in their order."""
    return [one for one in these if one not in those]


def _setting(key: str, value: object) -> str:
    """Return the value of a setting as the study file says it."""
    if key in ("timeout", "stall", "grace") and isinstance(value, float):
        return show_duration(value)
    if key == "checkpoint_quota" and isinstance(value, int):
        return show_size(value)
    return "auto" if key == "trials_per_gpu" and value == 0 else word(value)

"""Reading ``[[task]]``, the budget and ``[resources]``."""

import math
from collections.abc import Mapping
from typing import Any, Literal

from hpo_tui.engine.spec import units
from hpo_tui.engine.spec.names import did_you_mean, name_fault, show
from hpo_tui.engine.spec.parts import Budget, BudgetUnit, Resources, Task, Value
from hpo_tui.engine.spec.reading.table import Table
from hpo_tui.engine.spec.values import EXACT, meant_number, number_fault, scalar_fault

FULL = Task("full", 1.0)
"""The task of a study that names none."""
_NICEST = 19
_BUDGETS = '40 (full-task units), "12 gpu-hours", "8h" (wall time) or "100 trials"'


def read_tasks(root: Table, measured: bool) -> tuple[Task, ...]:
    """Read the tasks; one full task where none is named.

    Where costs are ``measured`` a task may leave its cost out: until it is known it is taken to
    be in proportion to the first fidelity value that is a number in every task.
    """
    tables = root.tables("task")
    if not tables:
        return (FULL,)
    known = len(root.into.problems)
    tasks = [_task(t, measured) for t in tables]
    _same_keys(tables, tasks)
    if len(root.into.problems) == known:
        tasks = _proportional(tables, tasks)
        _distinct(tables, tasks)
        _has_full_task(tables, tasks)
    return tuple(tasks)


def _task(table: Table, measured: bool) -> Task:
    """Read one task; every key but ``name`` and ``cost`` is a fidelity value."""
    name, fault = table.name("name", needed='name = "15 epochs"')
    if fault:
        table.fault("name", fault)
    needed = (
        ""
        if measured
        else 'cost = 0.25, as a part of the full task (or cost = "measured" in [study])'
    )
    cost = table.number(
        "cost",
        0.0,
        needed=needed,
        check=lambda c: 0 < c <= 1 or math.isclose(c, 1),
        must="be above 0 and at most 1 (the full task)",
    )
    if cost and math.isclose(cost, 1):  # 0.7 + 0.2 + 0.1, summed by a program, is a little less
        cost = 1.0
    fidelity: dict[str, Value] = {}
    for key, value in table.data.items():
        if key in table.allowed:
            continue
        meant = (
            did_you_mean(key, table.allowed) if key.lower() in ("costs", "names", "price") else ""
        )
        fault = name_fault(key) or scalar_fault(value)
        if fault or meant:
            table.fault(key, f"{fault or 'unknown key'}{meant}")
        else:
            fidelity[key] = value
    return Task(name, cost or 0.0, fidelity)


def _same_keys(tables: list[Table], tasks: list[Task]) -> None:
    every = list(dict.fromkeys(k for t in tasks for k in t.fidelity))
    for table, task in zip(tables, tasks, strict=True):
        for key in every:
            if not table.has(key):
                guess = did_you_mean(
                    key, [k for k in task.fidelity if any(k not in t.fidelity for t in tasks)]
                )
                table.fault(
                    None,
                    f"has no {show(key)}, which another task has"
                    f"{guess or '; give all tasks the same keys'}",
                )


def _proportional(tables: list[Table], tasks: list[Task]) -> list[Task]:
    if all(t.cost for t in tasks):
        return tasks
    for key in tasks[0].fidelity:
        values = [t.fidelity[key] for t in tasks]
        numbers = [
            float(v) for v in values if isinstance(v, int | float) and not isinstance(v, bool)
        ]
        if len(numbers) == len(tasks) and min(numbers) > 0:
            return [
                Task(t.name, t.cost or n / max(numbers), t.fidelity)
                for t, n in zip(tasks, numbers, strict=True)
            ]
    for table, task in zip(tables, tasks, strict=True):
        if not task.cost:
            table.fault(
                "cost",
                "is missing, and there is no number such as epochs to guess it from: cost = 0.25",
            )
    return tasks


def _distinct(tables: list[Table], tasks: list[Task]) -> None:
    """Note tasks that share a name, a cost or their fidelity values."""
    for n, (table, task) in enumerate(zip(tables, tasks, strict=True)):
        earlier = tasks[:n]
        if any(t.name == task.name for t in earlier):
            table.fault(
                "name", f"{show(task.name)} is there twice: names of tasks must be distinct"
            )
        same = next((t for t in earlier if t.cost == task.cost), None)
        if same and task.cost == 1:
            table.fault(
                "cost",
                f"{show(same.name)} is the full task already: exactly one task has cost 1, "
                "the others have less",
            )
        elif same and task.cost:
            table.fault(
                "cost",
                f"{show(task.cost)} is the cost of {show(same.name)} too: costs must be distinct",
            )
        alike = next(
            (t for t in earlier if t.fidelity and dict(t.fidelity) == dict(task.fidelity)), None
        )
        if alike:
            table.fault(
                None,
                f"runs the same as {show(alike.name)}, their fidelity values are equal: change one "
                "of them, or leave this task out",
            )


def _has_full_task(tables: list[Table], tasks: list[Task]) -> None:
    """Note, at the dearest task, that none is the full one."""
    if all(t.cost and t.cost != 1 for t in tasks):
        dearest = max(range(len(tasks)), key=lambda n: tasks[n].cost)
        tables[dearest].fault(
            "cost",
            "no task has cost 1: the full task, the one whose results count, must have it; write "
            f"cost = 1 here if {show(tasks[dearest].name)} is that task; found "
            f"{show(tasks[dearest].cost)}",
        )


def read_budget(study: Table, tasks: tuple[Task, ...]) -> Budget:
    """Read the budget and refuse one that can never finish a full task."""
    if not study.has("budget"):
        study.missing("budget", f"budget = {_BUDGETS}")
        return Budget(1.0)
    given = study.data["budget"]
    budget = _budget(given)
    if budget is None:
        meant = meant_number(given)
        study.fault("budget", f"must be {_BUDGETS}; found {show(given)}{meant}")
    elif budget.amount <= 0:
        study.fault("budget", f"must be above 0, found {show(given)}")
    elif budget.unit is BudgetUnit.TRIALS and (
        budget.amount != int(budget.amount) or budget.amount > EXACT
    ):
        study.fault("budget", f"must be a whole number of trials, found {show(given)}")
    elif budget.unit is BudgetUnit.FULL and budget.amount < 1:
        cheap = min(tasks, key=lambda t: t.cost)
        only = f"; {show(cheap.name)} alone costs {show(cheap.cost)}" if cheap.cost < 1 else ""
        study.fault(
            "budget",
            "is smaller than one full task (cost 1), so the study could never have a best: "
            f"found {show(given)}{only}",
        )
    return budget or Budget(1.0)


def _budget(given: Any) -> Budget | None:
    if not isinstance(given, str):
        return None if number_fault(given) else Budget(float(given))
    try:
        budget = units.budget(given)
    except ValueError:
        return None
    return None if number_fault(budget.amount) else budget


def read_resources(root: Table) -> Resources:
    """Read ``[resources]``."""
    table = root.table("resources", "resources")
    table.unknown()
    usual = Resources()
    gpus = _gpus(table)
    each = table.whole("gpus_per_trial", usual.gpus_per_trial, least=1)
    packed = _packed(table)
    if each > 1 and packed > 1:
        table.fault(
            "trials_per_gpu",
            f"does not go with gpus_per_trial = {each}: a trial has several GPUs or "
            "shares one; leave one of the two keys out",
        )
    if isinstance(gpus, tuple) and gpus and each > len(gpus):
        table.fault(
            "gpus_per_trial",
            f"is {each}, but gpus names {len(gpus)}: no trial could ever start; name more GPUs",
        )
    return Resources(
        gpus=gpus,
        gpus_per_trial=each,
        trials_per_gpu=packed,
        busy_gpus="use" if table.one_of("busy_gpus", ("wait", "use")) == "use" else "wait",
        slots=table.whole("slots", usual.slots, least=1),
        threads=table.whole("threads", 1, least=1) if table.has("threads") else None,
        nice=_nice(table),
        timeout=table.seconds("timeout", None),
        stall=table.seconds("stall", None),
        grace=table.seconds("grace", usual.grace) or usual.grace,
        checkpoint_quota=_quota(table),
        failures=table.whole("failures", usual.failures, least=1),
    )


def _gpus(table: Table) -> Literal["all", "none"] | tuple[int | str, ...]:
    """Read which GPUs the study may use."""
    given = table.data.get("gpus", "all")
    if given == "all":
        return "all"
    if given == "none":
        return "none"
    allowed = '"all", "none" or a list of indices or UUIDs such as [0, 1]'
    if not isinstance(given, list):
        count = isinstance(given, int) and not isinstance(given, bool) and 0 <= given < 64
        hint = f"; for GPU number {given} write [{given}]" if count else ""
        table.fault("gpus", f"must be {allowed}, found {show(given)}{hint}")
        return "all"
    if not given:
        table.fault("gpus", 'is an empty list: write "none" to use no GPU')
    kept: list[int | str] = []
    for n, gpu in enumerate(given):
        index = isinstance(gpu, int) and not isinstance(gpu, bool) and 0 <= gpu <= 1023
        uuid = isinstance(gpu, str) and not name_fault(gpu)
        if not index and not uuid:
            table.into.add(
                (*table.path, "gpus", n),
                f'must be an index from 0 or a UUID "GPU-…", found {show(gpu)}',
            )
        elif gpu in kept:
            table.into.add(
                (*table.path, "gpus", n), f"{show(gpu)} is there twice: name each GPU once"
            )
        else:
            kept.append(gpu)
    return tuple(kept)


def _packed(table: Table) -> int:
    if table.data.get("trials_per_gpu", "auto") == "auto":
        return 0
    if isinstance(table.data["trials_per_gpu"], str):
        table.fault(
            "trials_per_gpu",
            f'must be "auto" or a whole number from 1, found {show(table.data["trials_per_gpu"])}',
        )
        return 0
    return table.whole("trials_per_gpu", 0, least=1)


def _nice(table: Table) -> int:
    found = table.whole("nice", 0)
    if 0 <= found <= _NICEST:
        return found
    table.fault("nice", f"must be from 0 to {_NICEST}, found {show(found)}")
    return 0


def _quota(table: Table) -> int | None:
    if not table.has("checkpoint_quota"):
        return None
    given = table.data["checkpoint_quota"]
    try:
        count = (
            units.size(given)
            if isinstance(given, str)
            else None
            if number_fault(given)
            else round(given)
        )
    except (ValueError, OverflowError):
        count = None
    if count is None or not 0 < count < 2**62:
        table.fault(
            "checkpoint_quota",
            f'must be a size above zero such as "20 GB", or a number of bytes; found {show(given)}',
        )
        return None
    return count


def known_fidelities(root: Table) -> list[str]:
    """Return the fidelity keys of every task, also of tasks with errors, for other checks."""
    entries = root.data.get("task", [])
    tables = [e for e in entries if isinstance(e, Mapping)] if isinstance(entries, list) else []
    return list(dict.fromkeys(str(k) for e in tables for k in e if k not in ("name", "cost")))

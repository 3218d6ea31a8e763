"""Reading ``when``: on which values of which parents a parameter depends."""

from collections.abc import Mapping
from typing import Any

from hpo_tui.engine.spec.names import did_you_mean, listing, show
from hpo_tui.engine.spec.parts import Parameter, ParameterKind, Value
from hpo_tui.engine.spec.reading.table import Table
from hpo_tui.engine.spec.values import scalar_fault, value_fault


def read_when(table: Table) -> dict[str, tuple[Value, ...]]:
    """Read a parameter's ``when``: each parent and the values that make the parameter active."""
    if not table.has("when"):
        return {}
    given: Any = table.data["when"]
    if not isinstance(given, Mapping) or not given:
        table.fault(
            "when", f'must be a table such as {{ optimizer = ["sgd"] }}, found {show(given)}'
        )
        return {}
    when = {}
    for parent, values in given.items():
        entries = values if isinstance(values, list) else [values]
        bad = next((f for f in map(scalar_fault, entries) if f), None)
        if bad or not entries:
            table.into.add(
                (*table.path, "when", parent),
                bad or "is an empty list: the parameter could never be active",
            )
        else:
            when[parent] = tuple(entries)
    return when


def check_conditions(root: Table, space: Table, parameters: list[Parameter]) -> None:
    """Note conditions on parents that are missing, cannot have the value, or go in a circle."""
    by_name = {p.name: p for p in parameters}
    typed = {
        n: isinstance(d, Mapping) and d.get("type") in list(ParameterKind)
        for n, d in space.data.items()
    }
    for parameter in parameters:
        for parent, values in parameter.when.items():
            path = (*space.path, parameter.name, "when", parent)
            if parent == parameter.name:
                root.into.add(
                    path, "a parameter cannot depend on itself: name another one, or leave when out"
                )
            elif parent not in space.data:
                guess = did_you_mean(parent, by_name) or f"; there are {listing(by_name)}"
                root.into.add(path, f"{show(parent)} is no parameter{guess}")
            elif by_name.get(parent) is None or not typed[parent]:
                continue
            elif by_name[parent].kind is ParameterKind.FLOAT:
                root.into.add(
                    path,
                    f"{show(parent)} is a float: a condition needs a categorical, ordinal, int "
                    "or fixed parameter",
                )
            else:
                _possible(root, path, by_name[parent], values)
    cycle = _cycle(by_name)
    if cycle:
        root.into.add(
            (*space.path, cycle[0], "when"),
            "these parameters depend on each other in a circle: "
            f"{' → '.join([*cycle, cycle[0]])}; take one of the conditions out",
        )


def _possible(
    root: Table, path: tuple[str | int, ...], parent: Parameter, values: tuple[Value, ...]
) -> None:
    empty = parent.value is None and not parent.choices and not parent.low < parent.high
    for value in () if empty else values:
        fault = value_fault(parent, value)
        if fault:
            root.into.add(path, f"{show(parent.name)} {fault}")


def _cycle(by_name: Mapping[str, Parameter]) -> list[str]:
    """Return the names on a circle of conditions, or an empty list."""
    done: set[str] = set()
    for start in by_name:
        trail: list[str] = []
        stack = [(start, 0)]
        while stack:
            name, nth = stack.pop()
            parents = [p for p in by_name[name].when if p in by_name and p != name]
            if nth == 0:
                trail.append(name)
            if nth < len(parents):
                stack.append((name, nth + 1))
                if parents[nth] in trail:
                    return trail[trail.index(parents[nth]) :]
                if parents[nth] not in done:
                    stack.append((parents[nth], 0))
            else:
                done.add(trail.pop())
    return []

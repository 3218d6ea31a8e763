"""The parts of a study file that have no reader of their own: names, relations, first trials."""

import re
from collections.abc import Sequence

from hpo_tui.engine.spec.expressions.relations import ExpressionError, compile_constraint, kinds_of
from hpo_tui.engine.spec.names import did_you_mean, listing, name_fault, plural, show
from hpo_tui.engine.spec.parts import Objective, OutcomeConstraint, Parameter, Value
from hpo_tui.engine.spec.reading.table import Table
from hpo_tui.engine.spec.reading.tasks import known_fidelities
from hpo_tui.engine.spec.values import native, scalar_fault, value_fault

MOST = 1900
"""Parameters and metrics of a study at most: each is a column of its trials, of which an SQLite
table has 2000, some of them taken."""


NAMES_FOLDER = (
    "must be able to name a folder: no / or \\, not starting with . or -, at most 200 bytes"
)


def names_folder(name: str) -> bool:
    """Return whether a study can be called so: its folder has this name."""
    size = len(name.encode("utf-8", "surrogatepass"))  # as the shell may hand it over
    return not ("/" in name or "\\" in name or name[:1] in ".-" or size > 200)


def read_name(study: Table) -> str:
    """Return the study's name, which also names its folder."""
    if not study.data:
        return ""
    name, fault = study.name("name", needed='name = "my-study"')
    if not fault and name and not names_folder(name):
        fault = NAMES_FOLDER
    if not fault and name != name.strip():
        fault = "must not start or end with a space"
    if fault:
        study.fault("name", f"{fault}; found {show(name)}")
    return name


def check_count(
    root: Table,
    params: int,
    objectives: Sequence[Objective],
    outcome: Sequence[OutcomeConstraint],
) -> None:
    """Refuse more parameters and metrics than a study's database has columns for."""
    metrics = len({o.metric for o in objectives} | {c.metric for c in outcome})
    if params + metrics > MOST:
        found = f"{plural(params, 'parameter')} and {plural(metrics, 'metric')}"
        root.into.add(("space",), f"{found}: a study can have {MOST} in all")


def check_names(root: Table, space: tuple[Parameter, ...]) -> None:
    """Refuse a parameter that is called like a fidelity value of the tasks."""
    for fidelity in known_fidelities(root):
        if any(p.name == fidelity for p in space):
            root.into.add(
                ("space", fidelity),
                f"{show(fidelity)} is a fidelity value of the tasks too: {{{fidelity}}} would "
                "mean two things; rename one of them",
            )


def read_relations(root: Table, study: Table, space: tuple[Parameter, ...]) -> tuple[str, ...]:
    """Return the relations between parameters that must hold, wherever they are written."""
    kinds, choices = kinds_of(space)
    kept = []
    for table in (root, study):
        for n, text in enumerate(table.texts("constraints")):
            try:
                compile_constraint(text, kinds, choices)
                kept.append(text)
            except ExpressionError as error:
                path = (*table.path, "constraints", n)
                root.into.add(
                    path if isinstance(table.data["constraints"], list) else path[:-1], str(error)
                )
    return tuple(kept)


def read_start(
    root: Table, space: tuple[Parameter, ...], relations: Sequence[str]
) -> tuple[dict[str, Value], ...]:
    """Return the configurations to run first; each may leave parameters open."""
    by_name = {p.name: p for p in space}
    fixed = {p.name: p.value for p in space if p.value is not None}
    clean = not any(p.path[:1] == ("space",) for p in root.into.problems)
    found = []
    for table in root.tables("start"):
        kept: dict[str, Value] = {}
        for key, value in table.data.items():
            if key not in by_name:
                guess = did_you_mean(key, by_name) or f"; there are {listing(by_name)}"
                table.fault(key, f"is no parameter{guess}")
                continue
            fault = scalar_fault(value) or (value_fault(by_name[key], value) if clean else None)
            if fault:
                table.fault(key, fault)
            else:
                kept[key] = native(by_name[key], value)
        for key in kept:
            for parent, values in by_name[key].when.items():
                if parent in kept and kept[parent] not in values:
                    table.fault(
                        key, f"is inactive where {parent} = {show(kept[parent])}: leave it out"
                    )
        for text in relations:
            relation = compile_constraint(text, *kinds_of(space))
            if relation.names & kept.keys() and not relation.holds(fixed | kept):
                table.fault(
                    None, f"breaks the constraint {text}: change a value, or the constraint"
                )
        if not table.data:
            table.fault(None, "is empty: give at least one parameter's value")
        found.append(kept)
    return tuple(found)


def read_warm(study: Table) -> tuple[str, ...]:
    """Return the modules that are imported once, before the trials."""
    names = study.texts("warm")
    for n, name in enumerate(names):
        if not re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*", name):
            study.into.add(
                (*study.path, "warm", n), f"must be a module such as torch, found {show(name)}"
            )
    return names


def read_record(study: Table) -> tuple[str, ...]:
    """Return the metrics that are kept of what a trial prints, beside those of the goals."""
    names = study.texts("record")
    for n, name in enumerate(names):
        fault = name_fault(name)
        if fault:
            study.into.add((*study.path, "record", n), fault)
        elif name in names[:n]:
            study.into.add((*study.path, "record", n), f"{show(name)} is there twice")
    return names


def read_learn_from(study: Table) -> tuple[str, ...]:
    """Return the earlier studies to learn from, by name or by folder."""
    names = study.texts("learn_from")
    for n, name in enumerate(names):
        if not name.strip():
            study.into.add((*study.path, "learn_from", n), "must name a study, found an empty text")
        elif name in names[:n]:
            study.into.add((*study.path, "learn_from", n), f"{show(name)} is there twice")
    return names

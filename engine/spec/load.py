"""From TOML to :class:`StudySpec`: every problem found, all at once, and nothing but SpecError."""

import dataclasses
import re
import stat
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hpo_tui.engine.spec.errors import Problem, SpecError
from hpo_tui.engine.spec.expression import ExpressionError, compile_constraint, kinds_of
from hpo_tui.engine.spec.locate import locate
from hpo_tui.engine.spec.model import Objective, OutcomeConstraint, Parameter, StudySpec, Value
from hpo_tui.engine.spec.names import (
    did_you_mean,
    listing,
    name_fault,
    plain,
    plain_data,
    plural,
    show,
)
from hpo_tui.engine.spec.read_command import Names, read_command, read_env, read_template
from hpo_tui.engine.spec.read_ending import read_notify, read_stop_when
from hpo_tui.engine.spec.read_metrics import (
    read_constraints,
    read_objectives,
    read_sources,
    read_stopping,
)
from hpo_tui.engine.spec.read_space import read_space
from hpo_tui.engine.spec.read_tasks import known_fidelities, read_budget, read_resources, read_tasks
from hpo_tui.engine.spec.syntax import explain
from hpo_tui.engine.spec.table import Collector, Table
from hpo_tui.engine.spec.values import native, scalar_fault, value_fault

_LARGEST = 4 * 2**20
"""A study file is a page; anything beyond this is some other file, named by mistake."""


FOLDER = "is a folder, and a study file is meant: rename the folder, or name a file"
"""What is said of one that is called like a study file."""
MOST = 1900
"""Parameters and metrics of a study at most: each is a column of its trials, of which an SQLite
table has 2000, some of them taken."""


def load_file(path: Path) -> StudySpec:
    """Read a study file. Raises :class:`SpecError` naming every error with its line and key."""
    try:
        raw = _content(path := _file_at(path))
    except (OSError, ValueError) as error:
        if isinstance(error, SpecError):
            raise
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise _refuse(f"cannot read {plain(str(path))}: {reason}", path) from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise _refuse(
            f"is not UTF-8 text (byte {error.start + 1} of the file): save it as UTF-8", path, line
        ) from None
    return load_text(text, path)


def _file_at(path: Path) -> Path:
    """Return the study file that a path means. Raises SpecError for a folder in its place."""
    file = path / "study.toml" if path.is_dir() else path
    there = path if path.suffix == ".toml" and not file.exists() else file
    if there.is_dir():
        raise _refuse(FOLDER, there)
    return file


def _content(path: Path) -> bytes:
    """Return what a file holds. Raises OSError, and SpecError for what no study can be read from.

    Another program's pipe or a device may never end. One of this command's own (``<(…)``, or
    ``/dev/stdin``), which has no place in a folder, is read.
    """
    mode = path.stat().st_mode
    own_pipe = stat.S_ISFIFO(mode) and not path.resolve().exists()
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or own_pipe):
        raise _refuse("is no regular file: a study is read from a file of text", path)
    with path.open("rb") as file:
        raw = file.read(_LARGEST + 1)
    if len(raw) > _LARGEST:
        raise _refuse(f"{plain(path.name)} has more than 4 MiB: that is no study file", path)
    return raw


def load_text(text: str, source: Path | None = None) -> StudySpec:
    """Read the text of a study file. Raises :class:`SpecError`."""
    text = text.removeprefix("\ufeff")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        raise _refuse("is not UTF-8 text", source, line) from None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line, message = explain(text, str(error))
        raise _refuse(message, source, line) from None
    except (ValueError, RecursionError, OverflowError, AttributeError, TypeError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else plain(str(error))
        raise _refuse(f"this is not valid TOML: {why}", source) from None
    into = Collector(locate(text))
    spec = _study(Table(data, (), "", into), needed=True)
    if into.problems:
        raise SpecError(into.sorted(), source)
    return dataclasses.replace(spec, source=source, text=text)


def load_dict(data: Mapping[str, Any]) -> StudySpec:
    """Read a study given as the mapping that its TOML would parse to. Raises SpecError.

    A command may be left out: whoever uses the optimizer alone runs the trials.
    """
    if not isinstance(data, Mapping):
        raise _refuse(f"a study must be a mapping of sections, found {show(data)}", None)
    into = Collector({})
    try:
        spec = _study(Table(plain_data(data), (), "", into), needed=False)
    except RecursionError:
        raise _refuse("the study is nested too deeply", None) from None
    if into.problems:
        raise SpecError(into.problems)
    return spec


def _refuse(message: str, source: Path | None, line: int | None = None) -> SpecError:
    return SpecError([Problem("", message, line)], source)


def _study(root: Table, *, needed: bool) -> StudySpec:
    root.unknown()
    if "study" not in root.data:
        root.into.add(("study",), "is missing: [study] with name, command and budget")
    study = root.table("study", "study")
    study.unknown()
    measured = study.one_of("cost", ("declared", "measured"), "declared") == "measured"
    objectives, outcome = read_objectives(root), read_constraints(root)
    if not objectives and not outcome and not {"objective", "constraint"} & set(root.data):
        root.into.add(
            ("objective",),
            'is missing: [[objective]] with metric = "accuracy" and direction = "maximize" (or '
            "[[constraint]]s alone)",
        )
    elif not objectives and not outcome and not root.into.problems:
        root.into.add(("objective",), "is empty: the study has no metric")
    space = read_space(root)
    _count(root, len(space), objectives, outcome)
    tasks = read_tasks(root, measured)
    given = root.data.get("space", {})
    also = [str(n) for n in given] if isinstance(given, Mapping) else []
    names = Names(space, known_fidelities(root), also)
    _clash(root, space)
    relations = _constraints(root, study, space)
    return StudySpec(
        name=_name(study),
        command=read_command(study, names, needed=needed),
        budget=read_budget(study, tasks)
        if "study" in root.data
        else read_budget(Table({"budget": 1}, ("study",), "study", root.into), tasks),
        space=space,
        objectives=objectives,
        tasks=tasks,
        outcome_constraints=outcome,
        constraints=relations,
        start=_start(root, space, relations),
        resume=study.flag("resume"),
        seed=study.whole("seed", 0, least=0),
        repeats=study.whole("repeats", 1, least=1),
        cost_measured=measured,
        noisy=study.flag("noisy") if study.has("noisy") else None,
        stop_when=read_stop_when(study, objectives, outcome),
        notify=read_notify(study),
        warm=_warm(study),
        learn_from=_learn_from(study),
        env=read_env(root, names),
        template=read_template(study),
        metrics=read_sources(root),
        stopping=read_stopping(root),
        resources=read_resources(root),
    )


def _name(study: Table) -> str:
    if not study.data:
        return ""
    name = study.text("name", needed='name = "my-study"')
    fault = name_fault(name) if isinstance(study.data.get("name"), str) else None
    if (
        not fault
        and name
        and ("/" in name or "\\" in name or name[0] in ".-" or len(name.encode()) > 200)
    ):
        fault = (
            "must be able to name a folder: no / or \\, not starting with . or -, at most 200 bytes"
        )
    if not fault and name != name.strip():
        fault = "must not start or end with a space"
    if fault:
        study.fault("name", f"{fault}; found {show(name)}")
    return name


def _count(
    root: Table,
    params: int,
    objectives: Sequence[Objective],
    outcome: Sequence[OutcomeConstraint],
) -> None:
    metrics = len({o.metric for o in objectives} | {c.metric for c in outcome})
    if params + metrics > MOST:
        found = f"{plural(params, 'parameter')} and {plural(metrics, 'metric')}"
        root.into.add(("space",), f"{found}: a study holds {MOST} in all")


def _clash(root: Table, space: tuple[Parameter, ...]) -> None:
    for fidelity in known_fidelities(root):
        if any(p.name == fidelity for p in space):
            root.into.add(
                ("space", fidelity),
                f"{show(fidelity)} is a fidelity value of the tasks too: {{{fidelity}}} would "
                "mean two things",
            )


def _constraints(root: Table, study: Table, space: tuple[Parameter, ...]) -> tuple[str, ...]:
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


def _start(
    root: Table, space: tuple[Parameter, ...], relations: Sequence[str]
) -> tuple[dict[str, Value], ...]:
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
                table.fault(None, f"breaks the constraint {text}")
        if not table.data:
            table.fault(None, "is empty: give at least one parameter's value")
        found.append(kept)
    return tuple(found)


def _warm(study: Table) -> tuple[str, ...]:
    names = study.texts("warm")
    for n, name in enumerate(names):
        if not re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*", name):
            study.into.add(
                (*study.path, "warm", n), f"must be a module such as torch, found {show(name)}"
            )
    return names


def _learn_from(study: Table) -> tuple[str, ...]:
    names = study.texts("learn_from")
    for n, name in enumerate(names):
        if not name.strip():
            study.into.add((*study.path, "learn_from", n), "must name a study, found an empty text")
        elif name in names[:n]:
            study.into.add((*study.path, "learn_from", n), f"{show(name)} is there twice")
    return names

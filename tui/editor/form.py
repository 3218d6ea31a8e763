"""The form's rows, made from the study's text: what a table shows and what a key acts on."""

import tomllib
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hpo_tui.engine.spec import Problem, SpecError, StudySpec
from hpo_tui.engine.spec.names import KeyPath
from hpo_tui.tui.editor.fields import FIELDS, HEADINGS, ITEMS, LISTS, Field, field
from hpo_tui.tui.editor.values import show_field, show_value
from hpo_tui.tui.tables.rows import Cell, Column
from hpo_tui.tui.words.fmt import clip_among
from hpo_tui.tui.words.plain import plain


@dataclass(frozen=True, slots=True)
class Checked:
    """A study's text, what it parses to, and what is wrong with it.

    ``data`` is None when the text is no TOML at all; ``spec`` is None when there is any problem.
    """

    text: str
    data: Mapping[str, Any] | None
    spec: StudySpec | None
    problems: tuple[Problem, ...]


def check(text: str) -> Checked:
    """Parse and check a study's text; never raises, whatever it holds."""
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError, OverflowError, AttributeError, TypeError):
        data = None
    try:
        return Checked(text, data, StudySpec.from_text(text), ())
    except SpecError as error:
        return Checked(text, data, None, error.problems)


@dataclass(frozen=True, slots=True)
class FormRow:
    """One line of the form. ``path`` is the key or table it stands for; headings have one too.

    ``unset``: the text does not have the key; the line shows what applies then.
    """

    path: KeyPath
    label: str
    value: str
    heading: bool = False
    problem: str = ""
    unset: bool = False

    @property
    def section(self) -> str:
        """The part of the file that the row belongs to."""
        return str(self.path[0])


def form_rows(checked: Checked) -> list[FormRow]:
    """Return the form: a heading a section, a row a key or item; problems at what they concern."""
    data = checked.data or {}
    rows: list[FormRow] = []
    for section, title in HEADINGS.items():
        held = data.get(section)
        items = _items(section, held)
        count = f"{len(items)}" if section in ITEMS else ""
        problem = _first(checked.problems, (section,), exact=True)
        rows.append(FormRow((section,), title, count, heading=True, problem=problem))
        rows += [
            FormRow(
                path,
                label,
                _unset(section, label, data) if value is None else value,
                problem=_first(checked.problems, path),
                unset=value is None,
            )
            for path, label, value in items
        ]
    return rows


def _first(problems: Sequence[Problem], path: KeyPath, *, exact: bool = False) -> str:
    for problem in problems:
        at = problem.path
        if at == path if exact else at[: len(path)] == path:
            return problem.message
    return ""


def _items(section: str, held: Any) -> Sequence[tuple[KeyPath, str, str | None]]:
    """Return a section's rows: path, label and value, which is None for a key that is not set."""
    if section in LISTS:
        tables = held if isinstance(held, list) else []
        return [
            ((section, n), *_summary(section, table))
            for n, table in enumerate(tables)
            if isinstance(table, Mapping)
        ]
    table = held if isinstance(held, Mapping) else {}
    if section == "space":
        return [
            ((section, name), name, _parameter(body))
            for name, body in table.items()
            if isinstance(body, Mapping)
        ]
    fields = {f.key: f for f in FIELDS[section]}
    others = [k for k in table if k not in fields]
    return [
        ((section, key), key, _setting(fields.get(key), table[key]) if key in table else None)
        for key in (*fields, *others)
    ]


def _unset(section: str, key: str, data: Mapping[str, Any]) -> str:
    """Return what applies where a key is not set, unless it is where a study's may stand, too."""
    return "" if key in data else field(section, key).unset


def _setting(field: Field | None, value: Any) -> str:
    return show_value(value) if field is None else show_field(field, value)


def _summary(section: str, table: Mapping[str, Any]) -> tuple[str, str]:
    """Return (label, value) of an objective, a constraint or a task."""
    if section == "task":
        fidelity = {k: v for k, v in table.items() if k not in ("name", "cost")}
        return str(table.get("name", "?")), (
            f"cost {show_value(table.get('cost', '?'))}   {show_value(fidelity)}".rstrip()
        )
    label = str(table.get("metric", "?"))
    words = [str(table.get("direction", ""))]
    least = "≤" if table.get("direction") == "minimize" else "≥"
    limits = (("threshold", least), ("min", "≥"), ("max", "≤"))
    words += [f"{sign} {show_value(table[key])}" for key, sign in limits if key in table]
    words += ["log"] if table.get("log") is True else []
    words += [str(table["summary"])] if "summary" in table else []
    return label, "  ".join(w for w in words if w)


def _parameter(body: Mapping[str, Any]) -> str:
    words = [f"{body.get('type', '?')!s:<11}"]
    if "low" in body or "high" in body:
        words.append(f"{show_value(body.get('low', '?'))} … {show_value(body.get('high', '?'))}")
    words += [show_value(body[k]) for k in ("choices", "value") if k in body]
    words += ["log"] if body.get("log") is True else []
    words += [f"step {show_value(body['step'])}"] if "step" in body else []
    words += [f"when {show_value(body['when'])}"] if "when" in body else []
    words += [f"prior {show_value(body['prior'])}"] if "prior" in body else []
    return "  ".join(words)


class FormTable:
    """The form as the rows of a line table, ``width`` cells wide."""

    def __init__(self, rows: Sequence[FormRow], width: int) -> None:
        self.form = tuple(rows)
        label = max(8, min(24, width // 3))
        names = [plain(row.label) for row in rows]
        self._labels = [clip_among(name, label, names) for name in names]
        self.columns: Sequence[Column] = (
            Column("mark", "", 1, fixed=True),
            Column("label", "", label, fixed=True),
            Column("value", "", max(10, width - label - 4), fixed=True),
        )

    def __len__(self) -> int:
        return len(self.form)

    def key(self, row: int) -> Hashable:
        """Return the row's path."""
        return self.form[row].path

    def find(self, key: Hashable) -> int | None:
        """Return the row of a path."""
        return next((n for n, row in enumerate(self.form) if row.path == key), None)

    def cells(self, row: int) -> Sequence[Cell]:
        """Return mark, label and value; a problem is said by the mark and the tone."""
        found, label = self.form[row], self._labels[row]
        if found.heading:
            return (
                ("!" if found.problem else "", "bad"),
                (found.label.upper(), "accent"),
                (found.problem or found.value, "bad" if found.problem else "dim"),
            )
        if found.problem:
            shown = plain(found.value)
            return ("!", "bad"), (label, "bad"), (shown, "bad")
        return ("", ""), (label, ""), (plain(found.value), "dim" if found.unset else "")
